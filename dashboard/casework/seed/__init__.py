"""Books to begin with: made from the site, and filled with made cases for the virtual rivers."""
