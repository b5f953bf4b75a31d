"""Folders of a model in which something is wrong: what is done to a good one, and what is said."""

import struct

import torch

from tests.support.bad_inputs.changes import (
    ADAPTER,
    CONFIG,
    INDEX,
    TOKENIZER,
    WEIGHTS,
    Change,
    a_folder,
    adapter,
    as_type,
    dropped,
    first_of,
    indexed,
    linked,
    removed,
    renamed,
    torn,
    with_entries,
    with_header,
    with_vocabulary,
    with_weights,
    without,
    written,
)

_AGAIN = "that was saved with these weights"
_UNFIT = "do not fit its configuration"
_UNLOADED = "does not hold a model that can be loaded"

# what is done, and a part of the sentence
FOLDERS: list[tuple[str, Change, str]] = [
    ("no configuration", removed(CONFIG), "has no config.json"),
    ("no weights", removed(WEIGHTS), "has no model.safetensors"),
    ("no tokenizer", removed(TOKENIZER), "has no tokenizer"),
    ("nothing", removed(CONFIG, WEIGHTS, TOKENIZER, "tokenizer_config.json"), "no config.json"),
    *(
        (f"configuration {number}", written(CONFIG, content), "is not valid JSON")
        for number, content in enumerate(
            (b"", b"{", b"\xff\xfe\0\x01", b"[" * 100_000, b'{"a": \xe9}', b"nothing",
             b'{"hidden_size": ' + b"9" * 5000 + b"}")
        )
    ),
    ("a list", written(CONFIG, "[]"), "holds a list"),
    ("null", written(CONFIG, "null"), "holds nothing (null)"),
    ("a number", written(CONFIG, "3"), "holds a number"),
    ("a truth value", written(CONFIG, "true"), "holds a truth value"),
    ("a folder as configuration", a_folder(CONFIG), "is a directory"),
    ("a configuration elsewhere", linked(CONFIG, "/etc/hostname"), "is not valid JSON"),
    ("no type", without(CONFIG, "model_type"), "names no model_type"),
    *(
        (f"type {kind!r}", with_entries(CONFIG, model_type=kind), "names no model_type")
        for kind in (None, 3, ["bert"])
    ),
    *(
        (f"type {kind!r}", with_entries(CONFIG, model_type=kind), "does not know")
        for kind in ("nonsense", "", "../../bert", "BERT")
    ),
    ("code", with_entries(CONFIG, model_type="mine", auto_map={"AutoModel": "x.Y"}), "is not run"),
    *(
        (f"networks {named!r}", with_entries(CONFIG, architectures=named), "by name")
        for named in (3, "BertForSequenceClassification", [3], {"a": 1})
    ),
    *(
        (f"network {named}", with_entries(CONFIG, architectures=[named]), "does none of these")
        for named in ("Nonsense", "GPT2LMHeadModel", "BertModel", "")
    ),
    *(
        (f"{entry} {count}", with_entries(CONFIG, **{entry: count}), f"({entry})")
        for entry in ("num_hidden_layers", "num_attention_heads", "hidden_size")
        for count in (0, -3)
    ),
    *(
        (f"{entry} {value!r}", with_entries(CONFIG, **{entry: value}), entry)
        for entry, value in (
            ("hidden_size", "16"), ("hidden_size", [16]), ("hidden_size", 16.5),
            ("num_hidden_layers", None), ("num_attention_heads", "2"), ("hidden_act", 3),
            ("hidden_dropout_prob", "x"), ("layer_norm_eps", "x"), ("pad_token_id", "x"),
            ("tie_word_embeddings", "x"), ("vocab_size", 1.5),
        )
    ),
    ("heads that do not divide", with_entries(CONFIG, num_attention_heads=5), "not a multiple"),
    ("2,000 layers", with_entries(CONFIG, num_hidden_layers=2000), "up to 512 are read"),
    ("10^9 numbers a token", with_entries(CONFIG, hidden_size=10**9), "GB of memory"),
    ("10^12 words", with_entries(CONFIG, vocab_size=10**12), "GB of memory"),
    ("more layers", with_entries(CONFIG, num_hidden_layers=7), "would be random numbers"),
    *(
        (f"{entry} {count}", with_entries(CONFIG, **{entry: count}), _UNFIT)
        for entry, count in (
            ("vocab_size", 3), ("max_position_embeddings", 64), ("max_position_embeddings", 0),
            ("type_vocab_size", 0), ("intermediate_size", 7),
        )
    ),
    ("an unknown activation", with_entries(CONFIG, hidden_act="nonsense"), "'nonsense'"),
    ("a dropout of 2", with_entries(CONFIG, attention_probs_dropout_prob=2.0), "probability"),
    ("a padding of no word", with_entries(CONFIG, pad_token_id=99_999), "Padding_idx"),
    *(
        (f"labels {labels!r}"[:40], with_entries(CONFIG, id2label=labels), said)
        for labels, said in (
            (["a", "b"], _UNLOADED), (3, _UNLOADED), ({"x": "a", "y": "b"}, _UNLOADED),
            ({}, _AGAIN), ({str(index): "a" for index in range(5)}, _AGAIN), ({"0": "a"}, _AGAIN),
        )
    ),
    *(
        (f"quantised {how!r}", with_entries(CONFIG, quantization_config=how), "are quantised")
        for how in ({"quant_method": "gptq"}, {"bits": 4}, "x", [1])
    ),
    ("other configurations", with_entries(CONFIG, configuration_files=["config.4.json"]),
     "other configuration files"),
    *(
        (f"weights {named!r}", with_entries(CONFIG, transformers_weights=named), said)
        for named, said in (
            ("x.bin", "safetensors files alone"), (3, "safetensors files alone"),
            ("x.safetensors", "lacks x.safetensors"), ("../x.safetensors", "outside of it"),
            ("/etc/x.safetensors", "outside of it"), ("C:\\x.safetensors", "outside of it"),
            ("a\0.safetensors", "as no file can be called"),
        )
    ),
    *(
        (f"index {content!r}"[:40], indexed(content), said)
        for content, said in (
            ("", "is not valid JSON"), ("[]", "holds a list"), ({}, "does not say which file"),
            ({"weight_map": []}, "does not say which file"),
            ({"weight_map": {}}, "does not say which file"),
            ({"weight_map": {"a": 3}}, "safetensors files alone"),
            ({"weight_map": {"a": None}}, "safetensors files alone"),
            ({"weight_map": {"a": "x.bin"}}, "safetensors files alone"),
            ({"weight_map": {"a": INDEX}}, "safetensors files alone"),
            ({"weight_map": {"a": "../x.safetensors"}}, "outside of it"),
            ({"weight_map": {"a": "/x.safetensors"}}, "outside of it"),
            ({"weight_map": {"a": "..\\x.safetensors"}}, "outside of it"),
            ({"weight_map": {"a": "gone.safetensors"}}, "lacks gone.safetensors"),
            ({"weight_map": {"a": "http://x/y.safetensors"}}, "lacks http"),
            ({"weight_map": {"a": "\0.safetensors"}}, "as no file can be called"),
            ({"weight_map": {"a": "a" * 5000 + ".safetensors"}}, "as no file can be called"),
        )
    ),
    *(
        (f"weights file {number}", written(WEIGHTS, content), "no whole safetensors file")
        for number, content in enumerate(
            (b"", b"not weights", b"\x80\x04\x95" + b"x" * 200, b"\0" * 100, b"PK\x03\x04" * 50,
             struct.pack("<Q", 2**63) + b"{}", struct.pack("<Q", 10**6) + b"{}")
        )
    ),
    ("torn weights", torn(WEIGHTS, 2000), "no whole safetensors file"),
    ("weights without an end", torn(WEIGHTS, -100), "no whole safetensors file"),
    ("weights elsewhere", linked(WEIGHTS, "/etc/hostname"), "no whole safetensors file"),
    ("weights nowhere", linked(WEIGHTS, "nowhere"), "lacks model.safetensors"),
    ("weights in a circle", linked(WEIGHTS, WEIGHTS), "lacks model.safetensors"),
    ("a folder as weights", a_folder(WEIGHTS), "lacks model.safetensors"),
    ("no weight", written(WEIGHTS, struct.pack("<Q", 2) + b"{}"), "would be random numbers"),
    ("another type", with_header(lambda h: h[first_of(h, "query")].update(dtype="X9")), "no whole"),
    ("another offset", with_header(lambda h: h[first_of(h, "query")].update(data_offsets=[0, 4])),
     "no whole"),
    ("strange metadata", with_header(lambda h: h.update(__metadata__=3)), "no whole"),
    ("not a number", with_weights(lambda w: w[first_of(w, "query.weight")].fill_(float("nan"))),
     "not all finite numbers"),
    ("infinite", with_weights(lambda w: w[first_of(w, "key.bias")].fill_(float("inf"))),
     "not all finite numbers"),
    ("another shape", with_weights(lambda w: w.update({"classifier.weight": torch.zeros(3, 7)})),
     _UNFIT),
    ("no head", dropped("classifier"), "would be random numbers"),
    ("a layer less", dropped("layer.1."), "would be random numbers"),
    ("whole numbers", as_type("query.weight", torch.int8), "are not real numbers"),
    ("complex numbers", as_type("query.weight", torch.complex64), "are not real numbers"),
    *(
        (f"weights as {name}", renamed(WEIGHTS, name), said)
        for name, said in (
            ("pytorch_model.bin", "can run code"), ("tf_model.h5", "can run code"),
            ("model.pt", "can run code"), ("model.onnx", "has no model.safetensors"),
            ("model.gguf", "so it is not a GGUF file"),
        )
    ),
    *(
        (f"tokenizer {number}", written(TOKENIZER, content), said)
        for number, (content, said) in enumerate(
            ((b"", "is not valid JSON"), (b"{", "is not valid JSON"), (b"[]", "holds a list"),
             (b"\xff\xfe\0\0", "is not valid JSON"), (b"{}", "tokenizer in the folder"))
        )
    ),
    ("torn tokenizer", torn(TOKENIZER, 100), "is not valid JSON"),
    ("a tokenizer elsewhere", linked(TOKENIZER, "/etc/hostname"), "is not valid JSON"),
    ("another tokenizer", with_vocabulary(vocab={f"w{i}": i for i in range(50)}, unk_token="w0"),
     "do not belong together"),
    *(
        (f"tokenizer with {entries}"[:50], with_entries(TOKENIZER, **entries),
         "tokenizer in the folder")
        for entries in (
            {"model": {"type": "nonsense"}}, {"pre_tokenizer": {"type": "nonsense"}},
            {"added_tokens": 3}, {"normalizer": "x"},
        )
    ),
    *(
        (f"settings of a tokenizer {number}", written("tokenizer_config.json", content), said)
        for number, (content, said) in enumerate(
            ((b"", "is not valid JSON"), (b"[]", "holds a list"), (b"3", "holds a number"))
        )
    ),
    *(
        (f"settings {entries}", with_entries("tokenizer_config.json", **entries), said)
        for entries, said in (
            ({"tokenizer_class": 3}, "tokenizer in the folder"), ({"mask_token": 3}, "mask_token"),
            ({"pad_token": {"x": 1}}, "pad_token"), ({"padding_side": "middle"}, "middle"),
            ({"model_input_names": []}, "(model_input_names)"),
            ({"model_input_names": ["nonsense"]}, "(model_input_names)"),
        )
    ),
    ("an adapter beside", written(ADAPTER, "{}"), "without adapter_model.safetensors"),
    ("an adapter of no kind", adapter({}), "of the kind None"),
    ("an adapter of text", adapter("x"), "is not valid JSON"),
    ("a list as adapter", adapter([]), "holds a list"),
    ("an adapter in pickle", adapter({"peft_type": "LORA"}, "adapter_model.bin"), "can run code"),
    *(
        (f"adapter {entries}", adapter({"peft_type": "LORA"} | entries), said)
        for entries, said in (
            ({"peft_type": "PROMPT_TUNING"}, "of the kind PROMPT_TUNING"),
            ({"some_file": "/etc/hostname"}, "(some_file)"),
            ({"loftq_config": {"weights_path": "x"}}, "(loftq_config: weights_path)"),
            ({}, "does not name its base model"),
            ({"base_model_name_or_path": "../nothing"}, "there is no such folder"),
            ({"base_model_name_or_path": "a\0b"}, "there is no such folder"),
        )
    ),
]  # fmt: skip
