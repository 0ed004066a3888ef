"""Forms of the notices that go out, and the script that made the ones for Word.

``python -m dashboard.casework.templates`` writes the Word forms anew. A site puts its own into ``templates/`` of its
folder, under the same names; docs/casework.md lists the words that a form may use.
"""
