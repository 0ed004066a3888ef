"""The books: what people surveyed, found, ordered and closed, and who changed what."""
