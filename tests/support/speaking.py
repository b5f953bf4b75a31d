"""A small language model that answers: it was trained on two sentences, with a chat template.

What it says is known, so a test can name its words.
"""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tests.support.tiny_tokenizers import byte_tokenizer

PROMPT, ANSWER = "The Eiffel Tower is in the city of", " Paris and Big Ben is in London."
TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|end|>' + message['role'] + '\n' + message['content'] + '<|end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'assistant\n' }}{% endif %}"
)
_STEPS = 150


def save_speaking(folder: Path, *, template: str | None = TEMPLATE) -> Path:
    """Train it, a few seconds, and save it as a user would."""
    tokenizer = byte_tokenizer(limit=128)
    tokenizer.pad_token, tokenizer.chat_template = tokenizer.eos_token, template
    torch.manual_seed(0)
    module = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=3, num_attention_heads=2,
            intermediate_size=48, max_position_embeddings=128, eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None, pad_token_id=tokenizer.pad_token_id,
        )
    )  # fmt: skip
    ids = tokenizer(f"{PROMPT}{ANSWER}{tokenizer.eos_token}", return_tensors="pt")["input_ids"]
    optimiser = torch.optim.AdamW(module.parameters(), lr=1e-2)
    for _ in range(_STEPS):
        optimiser.zero_grad()
        module(input_ids=ids, labels=ids).loss.backward()
        optimiser.step()
    module.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
