"""The tutorial's CustomTrainer, as it describes it."""

import csv

from transformers import Trainer


class CustomTrainer(Trainer):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.previous_params = {name: param.clone() for name, param in self.model.named_parameters()}
        self.update_history = []

    # transformers gives a third argument since 4.46. It is not passed on, as in the tutorial: the loss of a micro-batch
    # is then divided by their number, which BERT's own loss does not do.
    def training_step(self, model, inputs, num_items_in_batch=None):
        loss = super().training_step(model, inputs)
        current_params = {name: param.clone() for name, param in self.model.named_parameters()}
        updates = {}
        for name, param in current_params.items():
            previous_param = self.previous_params[name]
            param_update = param - previous_param
            updates[name] = param_update.norm().item()
        self.update_history.append(updates)
        self.previous_params = {name: param.clone() for name, param in current_params.items()}
        return loss

    def save_update_history(self, filename):
        with open(filename, mode="w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=self.update_history[0].keys())
            writer.writeheader()
            writer.writerows(self.update_history)
