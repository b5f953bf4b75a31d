"""The Compare page: entries, work in the background, what is shown of it."""
