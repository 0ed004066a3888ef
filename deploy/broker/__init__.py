"""The broker of a site: its configuration, certificates, and what a gateway is given to be let in."""
