"""The REST API: the same use cases as the console's pages, for programs."""
