"""Writes a classifier as those of the Hub are, but so small that it can be read: each word has a weight for each class.

    python make.py    # needs onnx and numpy
"""

import json
import pathlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
GOOD = ["good", "great", "love", "like", "wonderful", "beautiful"]
BAD = ["bad", "awful", "hate", "boring", "terrible", "ugly"]
OTHER = ["i", "it", "this", "that", "is", "was", "a", "the", "film", "book", "and", "very", "!", ".", ",", "##s", "##d"]
words = [*SPECIAL, *GOOD, *BAD, *OTHER]
weights = np.zeros((len(words), 2), np.float32)  # NEGATIVE, POSITIVE
for word in BAD:
    weights[words.index(word)] = 2, -2
for word in GOOD:
    weights[words.index(word)] = -2, 2

here = pathlib.Path(__file__).parent
text = ["rows", "tokens"]
model = helper.make_model(
    helper.make_graph(
        [
            helper.make_node("Gather", ["weights", "input_ids"], ["of_words"]),
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "last"], ["of_each"]),
            helper.make_node("Mul", ["of_words", "of_each"], ["counted"]),
            helper.make_node("ReduceSum", ["counted", "tokens"], ["logits"], keepdims=0),
        ],
        "tiny-sentiment",
        [helper.make_tensor_value_info(name, TensorProto.INT64, text) for name in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["rows", 2])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([-1]), "last"),
            numpy_helper.from_array(np.array([1]), "tokens"),
        ],
    ),
    opset_imports=[helper.make_opsetid("", 21)],
    ir_version=10,
)
checker.check_model(model)
(here / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))

special = [
    {"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    for i, token in enumerate(SPECIAL)
]
tokenizer = {
    "version": "1.0",
    "added_tokens": special,
    "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
        ],
        "pair": [],
        "special_tokens": {token: {"id": token, "ids": [words.index(token)], "tokens": [token]} for token in ("[CLS]", "[SEP]")},
    },
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "model": {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {word: i for i, word in enumerate(words)},
    },
}
labels = ["NEGATIVE", "POSITIVE"]
for name, content in {
    "tokenizer.json": tokenizer,
    "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": True},
    "config.json": {
        "architectures": ["TinyForSequenceClassification"],
        "id2label": {str(i): label for i, label in enumerate(labels)},
    },
    "model.json": {"name": "tiny-sentiment", "version": "1", "task": "classification", "labels": labels},
}.items():
    (here / name).write_text(json.dumps(content, indent=2) + "\n")
