"""The first screen of a page, drawn by the server: there before the browser has loaded what draws the page itself.

======= ==========================================================================
viewer  who asks for a page, from the request alone
markup  elements and text of a document, escaped
map     the rivers as one picture, without names
screen  what stands on the screen, from the data and the words of the page itself
======= ==========================================================================

``first.js`` takes the screen away when the page has drawn itself, ``first.css`` gives it the page's looks.
"""
