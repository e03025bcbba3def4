"""Finding tickets by what was said on them and by what they are."""
