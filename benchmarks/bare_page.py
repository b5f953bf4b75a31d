"""The least that a page does to run a model and draw a figure: what the app is measured against."""

import sys

import plotly.graph_objects as go
import streamlit as st
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer


@st.cache_resource
def loaded(folder: str):
    """A tokenizer and its model, for all visitors."""
    return (
        AutoTokenizer.from_pretrained(folder),
        AutoModelForSequenceClassification.from_pretrained(folder).eval(),
    )


tokenizer, model = loaded(sys.argv[1])
text = st.text_area("Text", "A lovely film.")
with torch.no_grad():
    found = model(**tokenizer(text, return_tensors="pt")).logits.softmax(-1)[0].tolist()
st.plotly_chart(go.Figure(go.Bar(x=found, y=["negative", "positive"], orientation="h")))
