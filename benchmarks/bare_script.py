"""The least that a process does to run a model once: what `gaf explain` is measured against."""

import sys

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

folder, text = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
with torch.no_grad():
    print(model(**tokenizer(text, return_tensors="pt")).logits.softmax(-1).tolist())
