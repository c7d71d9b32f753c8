"""Which parameters of many model families decay, by transformers' Trainer; and what kind of module each is of."""

import re

import torch
from transformers import CONFIG_MAPPING, AutoModel, Trainer

from fixtures import write_fixture

FAMILIES = """
albert bart beit bert big_bird biogpt bloom clip codegen cohere convbert convnext convnextv2 ctrl cvt data2vec-text
deberta deberta-v2 deit dinov2 distilbert efficientnet electra ernie esm falcon falcon_mamba flaubert fnet funnel gemma
gemma2 gemma3_text glm gpt2 gpt_bigcode gpt_neo gpt_neox gptj granite hiera hubert ibert layoutlm led levit llama
longformer longt5 m2m_100 mamba mamba2 marian mbart megatron-bert mistral mixtral mobilebert mobilenet_v2 mobilevit
modernbert mpnet mpt mt5 mvp nystromformer olmo olmo2 olmoe openai-gpt opt pegasus persimmon phi phi3 plbart poolformer
prophetnet pvt qwen2 qwen2_moe qwen3 qwen3_moe recurrent_gemma regnet rembert resnet roberta roberta-prelayernorm
roformer rwkv seamless_m4t segformer siglip smollm3 squeezebert stablelm starcoder2 swiftformer swin swinv2 t5
timesformer umt5 van vilt vit vit_mae vits wav2vec2 wavlm whisper xglm xlm xlm-roberta xlnet xmod yolos yoso zamba
""".split()


def names_of(model_type: str) -> dict[str, list]:
    config = CONFIG_MAPPING[model_type]()
    with torch.device("meta"):
        model = AutoModel.from_config(config)
    decays = set(Trainer.get_decay_parameter_names(None, model))
    found: dict[str, list] = {}
    for name, _ in model.named_parameters():
        module = model.get_submodule(name.rpartition(".")[0])
        found.setdefault(re.sub(r"\d+(?=\.)", "0", name), [type(module).__name__, name in decays])
    return found


if __name__ == "__main__":
    families, missing = {}, {}
    for model_type in FAMILIES:
        try:
            families[model_type] = names_of(model_type)
        except Exception as error:  # a model that needs another package
            missing[model_type] = str(error).strip().splitlines()[0][:120]
    print(len(families), "families;", missing)
    write_fixture("decay.json", {"families": families})
