// Trainscope's passes as operations of TensorFlow: whoever loads the addon that this is compiled into can run them by
// name. What an operation takes or gives never changes; one that does otherwise has another name.

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "adamw.h"
#include "blocks.h"
#include "denormals.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"
#include "update-sums.h"

namespace trainscope {
namespace {

// One run of an operation: its inputs and outputs, held until it ends.
class Run {
 public:
  explicit Run(TF_OpKernelContext* context) : context(context), status(TF_NewStatus()) {
    for (int i = 0; i < TF_NumInputs(context) && ok(); i++) {
      TF_Tensor* tensor = nullptr;
      TF_GetInput(context, i, &tensor, status);
      if (ok()) inputs.push_back(tensor);
    }
  }

  Run(const Run&) = delete;

  ~Run() {
    if (!ok()) TF_OpKernelContext_Failure(context, status);
    for (TF_Tensor* tensor : inputs) TF_DeleteTensor(tensor);
    TF_DeleteStatus(status);
  }

  bool ok() const { return TF_GetCode(status) == TF_OK; }

  size_t count() const { return inputs.size(); }

  size_t size(size_t input) const { return TF_TensorElementCount(inputs[input]); }

  float* values(size_t input) const { return static_cast<float*>(TF_TensorData(inputs[input])); }

  void expect(bool condition, const char* message) {
    if (ok() && !condition) TF_SetStatus(status, TF_INVALID_ARGUMENT, message);
  }

  // Room for an output in the shape of an input.
  float* outputLike(size_t input, int output) {
    std::vector<int64_t> shape(TF_NumDims(inputs[input]));
    for (size_t i = 0; i < shape.size(); i++) shape[i] = TF_Dim(inputs[input], i);
    return static_cast<float*>(allocate(output, TF_FLOAT, shape, size(input) * sizeof(float)));
  }

  // Float64 numbers, as the two int32 of each: TensorFlow.js knows no float64.
  template <typename Sums>
  void give(int output, const std::vector<Sums>& sums) {
    const size_t bytes = sums.size() * sizeof(Sums);
    void* data = allocate(output, TF_INT32, {int64_t(bytes / sizeof(int32_t))}, bytes);
    if (ok()) std::memcpy(data, sums.data(), bytes);
  }

 private:
  void* allocate(int output, TF_DataType type, const std::vector<int64_t>& shape, size_t bytes) {
    TF_Tensor* tensor = TF_AllocateOutput(context, output, type, shape.data(), shape.size(), bytes, status);
    if (!ok()) return nullptr;
    void* data = TF_TensorData(tensor);
    TF_DeleteTensor(tensor);
    return data;
  }

  TF_OpKernelContext* context;
  TF_Status* status;
  std::vector<TF_Tensor*> inputs;
};

std::vector<size_t> sizesOf(const Run& run, size_t count) {
  std::vector<size_t> sizes(count);
  for (size_t i = 0; i < count; i++) sizes[i] = run.size(i);
  return sizes;
}

// Inputs: the old values of every parameter, then the new ones.
void computeUpdateSums(void*, TF_OpKernelContext* context) {
  Run run(context);
  const size_t parameters = run.count() / 2;
  for (size_t i = 0; i < parameters; i++) {
    run.expect(run.size(i) == run.size(parameters + i), "before and after: expected tensors of the same sizes");
  }
  if (!run.ok()) return;
  const auto blocks = blocksOf(sizesOf(run, parameters));
  const auto parts = overBlocks<UpdateSums>(blocks, [&](const Block& block) {
    const Denormals denormals(Denormals::COUNT);
    const float* before = run.values(block.tensor) + block.begin;
    const float* after = run.values(parameters + block.tensor) + block.begin;
    return updateSums(before, after, block.length);
  });
  std::vector<UpdateSums> sums(parameters);
  for (size_t i = 0; i < blocks.size(); i++) sums[blocks[i].tensor] = joined(sums[blocks[i].tensor], parts[i]);
  run.give(0, sums);
}

void computeSumOfSquares(void*, TF_OpKernelContext* context) {
  Run run(context);
  if (!run.ok()) return;
  const auto blocks = blocksOf(sizesOf(run, run.count()));
  const auto parts = overBlocks<double>(blocks, [&](const Block& block) {
    const Denormals denormals(Denormals::COUNT);
    return sumOfSquares(run.values(block.tensor) + block.begin, block.length);
  });
  std::vector<double> sums(run.count());
  for (size_t i = 0; i < blocks.size(); i++) sums[blocks[i].tensor] += parts[i];
  run.give(0, sums);
}

// Inputs: weights, gradient, first and second moment, coefficients. The moments are changed where they lie.
void computeAdamW(void*, TF_OpKernelContext* context) {
  Run run(context);
  for (size_t i = 1; i < 4 && run.ok(); i++) {
    run.expect(run.size(i) == run.size(0), "gradient and moments: expected tensors of the weights' size");
  }
  if (run.ok()) run.expect(run.size(4) * sizeof(float) == sizeof(AdamWCoefficients), "coefficients: expected seven");
  if (!run.ok()) return;
  const AdamWValues values{run.values(0), run.values(1), run.values(2), run.values(3), run.outputLike(0, 0)};
  if (!run.ok()) return;
  AdamWCoefficients coefficients;
  std::memcpy(&coefficients, run.values(4), sizeof coefficients);
  StepSums sums{};
  const auto parts = overBlocks<StepSums>(blocksOf({run.size(0)}), [&](const Block& block) {
    return adamw(values, coefficients, block.begin, block.length);
  });
  for (const StepSums& part : parts) {
    sums = {joined(sums.update, part.update), sums.gradientSquares + part.gradientSquares};
  }
  run.give<StepSums>(1, {sums});
}

using Strings = std::vector<const char*>;
using Compute = void (*)(void*, TF_OpKernelContext*);

bool registerOperation(const char* name, const Strings& attributes, const Strings& inputs, const Strings& outputs,
                       Compute compute) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(name);
  for (const char* attribute : attributes) TF_OpDefinitionBuilderAddAttr(definition, attribute);
  for (const char* input : inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char* output : outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  // It may change its inputs, so it must run each time.
  TF_OpDefinitionBuilderSetIsStateful(definition, true);
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) == TF_OK) {
    TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", nullptr, compute, nullptr), status);
  }
  const bool registered = TF_GetCode(status) == TF_OK;
  if (!registered) std::fprintf(stderr, "trainscope: %s is not registered: %s\n", name, TF_Message(status));
  TF_DeleteStatus(status);
  return registered;
}

const bool registered =
    registerOperation("TrainscopeUpdateSums", {"N: int >= 1"}, {"before: N * float", "after: N * float"},
                      {"sums: int32"}, computeUpdateSums) &&
    registerOperation("TrainscopeSumOfSquares", {"N: int >= 1"}, {"values: N * float"}, {"sums: int32"},
                      computeSumOfSquares) &&
    registerOperation("TrainscopeAdamW", {},
                      {"weights: float", "gradient: float", "first: float", "second: float", "coefficients: float"},
                      {"next: float", "sums: int32"}, computeAdamW);

}  // namespace
}  // namespace trainscope
