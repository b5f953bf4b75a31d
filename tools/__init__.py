"""How the bundled data and the bundled model were made, from two published packages."""
