"""The page of many texts: which, by which methods, how far it is, and what they say together."""
