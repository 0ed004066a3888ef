"""Generates river networks with exact truth, of other layouts than the published cases, in the same files.

`plan` says what each scenario is, `layout` draws the network, `weather` and `sources` say what enters it, `hydraulics`
lets EPA SWMM move the water, `transport` carries what is dissolved in it, `probes` spoils it the way instruments do,
`truth` writes the tables that the scorer reads. Run ``python -m benchmarks.scenarios --help``.
"""
