"""Stories: what was received or kept under one trace id, joined, whichever way it came."""
