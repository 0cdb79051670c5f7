"""Time bins: an engine whose step does not know the frequencies of the bath."""
