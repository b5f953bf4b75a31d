"""The page that changes a text and shows what moves."""
