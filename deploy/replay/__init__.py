"""Records played back: through the registers of the virtual fleet, and scenarios through detection."""
