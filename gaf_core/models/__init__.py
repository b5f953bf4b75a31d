"""A name -> Model: files, tokenizer, network, and `model.py`, which puts them together."""
