"""Reports of a day, a month (月报), a quarter or a year: one content, printed as Word, PDF and Excel.

`content` says what stands in a report, as plain data in one language; `word`, `pdf` and `excel` only print it. The same
content and stamp give the same bytes: no program that prints may look at a clock.
"""
