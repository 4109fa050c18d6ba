// The bridge between compat/TorchSharp and libtorch: a C ABI that calls any operator through the dispatcher by name.
//
// Conventions
//   - A tensor crosses as a TensorImpl* that owns one reference; an undefined tensor is null.
//   - No C++ exception leaves this file: a failing function returns its error value and keeps the text for mint_error().
//   - One source for libtorch 1.13 and 2.x, with and without CUDA: no CUDA header, libtorch_cuda is loaded at run time.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/api/include/torch/version.h>
#include <torch/csrc/autograd/anomaly_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/grad_mode.h>
#include <dlfcn.h>
#include <cstring>
#include <optional>
#include <sstream>
#include "few_rows.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

enum Tag : int32_t { None, TensorTag, Int, Double, Bool, Complex, IntList, DoubleList, BoolList, TensorList, OptionalTensorList, String, DeviceTag, GeneratorTag };

struct Value {
  int32_t tag;
  int32_t length;
  union {
    int64_t i;
    double d;
    const void* p;
  };
};

// What a call gives back depends on the operator's schema, which the C# side knows as well:
//   one tensor      pointer = TensorImpl*, info = bytes of the storage if this tensor alone owns it, else 0
//   its own operand pointer = null (in-place and out= forms)
//   several tensors pointer = malloc'd TensorImpl*[], info = count
//   a number        pointer = its Tag, info = its bits
//   an error        pointer = -1
struct Result {
  void* pointer;
  int64_t info;
};
// libtorch's own optional class until 2.1, std::optional since.
using OptionalTensor = std::decay_t<decltype(std::declval<c10::IValue>().toOptional<at::Tensor>())>;

const Result failed{reinterpret_cast<void*>(-1), 0};

enum class Returns { Nothing, Tensor, Operand, Tensors, Number };

// Signatures common enough to be called unboxed, which spares a small operator a tenth of its time.
using CallT = at::Tensor(const at::Tensor&);
using CallTT = at::Tensor(const at::Tensor&, const at::Tensor&);
using CallTTS = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Scalar&);

struct Op {
  c10::OperatorHandle handle;
  std::string name;
  Returns returns;
  // At most one is set; making it checks the C++ signature, which costs too much to do at each call.
  std::optional<c10::TypedOperatorHandle<CallT>> t;
  std::optional<c10::TypedOperatorHandle<CallTT>> tt;
  std::optional<c10::TypedOperatorHandle<CallTTS>> tts;
  bool writes = false;  // into an operand
  bool few_rows = false;  // a product of few_rows.h, where that is the faster one
  std::vector<std::optional<c10::IValue>> defaults;
  std::vector<c10::TypeKind> kinds;  // of the arguments, with Optional taken off
};

thread_local std::string last_error;
thread_local c10::Stack reusable_stack;
thread_local int depth = 0;

std::string text_of(const std::exception& e) {
  if (auto error = dynamic_cast<const c10::Error*>(&e)) return error->what_without_backtrace();
  return e.what();
}

template <typename F, typename R>
R guarded(R error_value, F&& body) {
  try {
    return body();
  } catch (const std::exception& e) {
    last_error = text_of(e);
  } catch (...) {
    last_error = "an exception that is not a std::exception";
  }
  return error_value;
}

at::Tensor borrow(const void* impl) {
  if (!impl) return {};
  auto pointer = static_cast<at::TensorImpl*>(const_cast<void*>(impl));
  c10::raw::intrusive_ptr::incref(pointer);
  return at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(pointer));
}

void* release(at::Tensor&& tensor) { return tensor.defined() ? tensor.unsafeReleaseTensorImpl() : nullptr; }

// Borrowed without touching the reference count, for the metadata calls.
const at::TensorImpl& peek(const void* impl) { return *static_cast<const at::TensorImpl*>(impl); }

at::Generator generator_of(const void* impl) {
  auto pointer = static_cast<at::GeneratorImpl*>(const_cast<void*>(impl));
  c10::raw::intrusive_ptr::incref(pointer);
  return at::Generator(c10::intrusive_ptr<at::GeneratorImpl>::reclaim(pointer));
}

c10::Device device_of(int64_t packed) {
  return c10::Device(static_cast<c10::DeviceType>(packed & 0xff), static_cast<c10::DeviceIndex>(packed >> 8));
}

std::vector<at::Tensor> tensors_of(void* const* impls, int32_t count) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(count);
  for (int32_t i = 0; i < count; i++) tensors.push_back(borrow(impls[i]));
  return tensors;
}

// A tensor for the length of a call, without touching the reference count.
struct Borrowed {
  at::Tensor tensor;
  explicit Borrowed(const void* impl)
      : tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(static_cast<at::TensorImpl*>(const_cast<void*>(impl)))) {}
  ~Borrowed() { tensor.unsafeReleaseTensorImpl(); }
};

template <typename T, typename U = T>
c10::List<T> list_of(const Value& v) {
  c10::List<T> list;
  list.reserve(v.length);
  auto items = static_cast<const U*>(v.p);
  for (int32_t i = 0; i < v.length; i++) list.push_back(static_cast<T>(items[i]));
  return list;
}

c10::IValue to_ivalue(const Value& v, c10::TypeKind kind) {
  switch (v.tag) {
    case None: return {};
    case TensorTag: return borrow(v.p);
    case Int:
      if (kind == c10::TypeKind::FloatType) return static_cast<double>(v.i);
      if (kind == c10::TypeKind::ListType) return c10::List<int64_t>({v.i});
      return v.i;
    case Double: return v.d;
    case Bool: return v.i != 0;
    case Complex: return c10::complex<double>(static_cast<const double*>(v.p)[0], static_cast<const double*>(v.p)[1]);
    case IntList: return list_of<int64_t>(v);
    case DoubleList: return list_of<double>(v);
    case BoolList: return list_of<bool, uint8_t>(v);
    case TensorList: {
      c10::List<at::Tensor> list;
      list.reserve(v.length);
      for (int32_t i = 0; i < v.length; i++) list.push_back(borrow(static_cast<void* const*>(v.p)[i]));
      return list;
    }
    case OptionalTensorList: {
      c10::List<OptionalTensor> list;
      list.reserve(v.length);
      for (int32_t i = 0; i < v.length; i++) {
        auto impl = static_cast<void* const*>(v.p)[i];
        list.push_back(impl ? OptionalTensor(borrow(impl)) : OptionalTensor());
      }
      return list;
    }
    case String: return std::string(static_cast<const char*>(v.p), v.length);
    case DeviceTag: return device_of(v.i);
    case GeneratorTag: return v.p ? c10::IValue(generator_of(v.p)) : c10::IValue();
  }
  TORCH_CHECK(false, "the bridge met an argument of unknown tag ", v.tag);
}

void describe(std::ostream& out, const void* impl) {
  if (!impl) { out << "none"; return; }
  auto tensor = borrow(impl);
  out << tensor.scalar_type() << tensor.sizes();
  if (!tensor.device().is_cpu()) out << "@" << tensor.device();
}

// "aten::add.Tensor(Float[2, 3], Float[4], 1): The size of tensor a ..."
std::string describe_call(const Op& op, const Value* args, int32_t count, const std::string& message) {
  std::ostringstream out;
  out << op.name << "(";
  for (int32_t i = 0; i < count; i++) {
    const Value& v = args[i];
    if (i) out << ", ";
    switch (v.tag) {
      case TensorTag: describe(out, v.p); break;
      case Int: out << v.i; break;
      case Double: out << v.d; break;
      case Bool: out << (v.i ? "true" : "false"); break;
      case IntList: out << c10::ArrayRef<int64_t>(static_cast<const int64_t*>(v.p), v.length); break;
      case String: out << '"' << std::string(static_cast<const char*>(v.p), v.length) << '"'; break;
      case DeviceTag: out << device_of(v.i); break;
      case TensorList:
      case OptionalTensorList:
        out << "[";
        for (int32_t k = 0; k < v.length && k < 8; k++) { if (k) out << ", "; describe(out, static_cast<void* const*>(v.p)[k]); }
        out << (v.length > 8 ? ", ...]" : "]");
        break;
      default: out << (v.tag == None ? "none" : "...");
    }
  }
  out << "): " << message;
  return out.str();
}

Returns returns_of(const c10::FunctionSchema& schema) {
  auto& returns = schema.returns();
  if (returns.empty()) return Returns::Nothing;
  if (returns[0].alias_info() && returns[0].alias_info()->isWrite() && returns[0].type()->kind() == c10::TypeKind::TensorType) return Returns::Operand;
  if (returns.size() > 1 || returns[0].type()->kind() == c10::TypeKind::ListType) return Returns::Tensors;
  return returns[0].type()->kind() == c10::TypeKind::TensorType ? Returns::Tensor : Returns::Number;
}

void set_typed(Op& op, const c10::FunctionSchema& schema) {
  if (op.returns != Returns::Tensor) return;
  std::string kinds;
  for (const auto& argument : schema.arguments()) {
    auto kind = argument.type()->kind();
    kinds += kind == c10::TypeKind::TensorType ? 'T' : kind == c10::TypeKind::NumberType ? 'S' : '?';
  }
  if (kinds == "T") op.t = op.handle.typed<CallT>();
  if (kinds == "TT") op.tt = op.handle.typed<CallTT>();
  if (kinds == "TTS" && op.defaults[2] && op.defaults[2]->isInt()) op.tts = op.handle.typed<CallTTS>();
}

bool any_requires_grad(const Value* args, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    const Value& v = args[i];
    if (v.tag == TensorTag && peek(v.p).requires_grad()) return true;
    if (v.tag == TensorList || v.tag == OptionalTensorList) {
      for (int32_t k = 0; k < v.length; k++) {
        auto impl = static_cast<void* const*>(v.p)[k];
        if (impl && peek(impl).requires_grad()) return true;
      }
    }
  }
  return false;
}

// Where no gradient can be asked for, the operator's autograd kernel has nothing to do; leaving it out is what inference mode does too.
bool without_autograd(const Op& op, const Value* args, int32_t count) {
  if (!op.writes && !at::GradMode::is_enabled()) return true;
  return !any_requires_grad(args, count);
}

Result tensors_result(std::vector<at::Tensor>&& tensors) {
  auto impls = static_cast<void**>(std::malloc(sizeof(void*) * (tensors.size() + 1)));
  for (size_t i = 0; i < tensors.size(); i++) impls[i] = release(std::move(tensors[i]));
  return {impls, static_cast<int64_t>(tensors.size())};
}

int64_t owned_bytes(const at::TensorImpl& impl) {
  return impl.has_storage() && impl.storage().use_count() == 1 ? static_cast<int64_t>(impl.storage().nbytes()) : 0;
}

Result tensor_result(at::Tensor&& tensor) {
  if (!tensor.defined()) return {nullptr, 0};
  int64_t owned = owned_bytes(*tensor.unsafeGetTensorImpl());
  return {tensor.unsafeReleaseTensorImpl(), owned};
}

Result take_result(const Op& op, c10::Stack& stack) {
  switch (op.returns) {
    case Returns::Nothing:
    case Returns::Operand:
      return {nullptr, 0};
    case Returns::Tensor:
      return tensor_result(std::move(stack.back()).toTensor());
    case Returns::Tensors: {
      std::vector<at::Tensor> tensors;
      for (auto& value : stack) {
        if (value.isTensor()) tensors.push_back(std::move(value).toTensor());
        else if (value.isTensorList()) for (auto&& tensor : value.toTensorVector()) tensors.push_back(tensor);
        else tensors.emplace_back();
      }
      return tensors_result(std::move(tensors));
    }
    case Returns::Number: {
      const c10::IValue& value = stack.back();
      Result result{reinterpret_cast<void*>(static_cast<intptr_t>(Int)), 0};
      if (value.isDouble()) {
        double d = value.toDouble();
        std::memcpy(&result.info, &d, sizeof d);
        result.pointer = reinterpret_cast<void*>(static_cast<intptr_t>(Double));
      } else {
        result.info = value.isBool() ? value.toBool() : value.toInt();
      }
      return result;
    }
  }
  return failed;
}

bool is_scalar(const Value& v) { return v.tag == Int || v.tag == Double || v.tag == Bool; }

at::Scalar scalar_of(const Value& v) { return v.tag == Double ? at::Scalar(v.d) : v.tag == Bool ? at::Scalar(v.i != 0) : at::Scalar(v.i); }

// False when the arguments at hand do not fit the signature (a missing tensor, a complex number): the boxed call then says what is wrong.
bool call_unboxed(const Op& op, const Value* args, int32_t count, Result& result) {
  if (op.tts) {
    if (count < 2 || count > 3 || args[0].tag != TensorTag || args[1].tag != TensorTag || (count == 3 && !is_scalar(args[2]))) return false;
    Borrowed a(args[0].p), b(args[1].p);
    result = tensor_result(op.tts->call(a.tensor, b.tensor, count == 3 ? scalar_of(args[2]) : at::Scalar(op.defaults[2]->toInt())));
    return true;
  }
  if (op.tt) {
    if (count != 2 || args[0].tag != TensorTag || args[1].tag != TensorTag) return false;
    Borrowed a(args[0].p), b(args[1].p);
    result = tensor_result(op.tt->call(a.tensor, b.tensor));
    return true;
  }
  if (op.t) {
    if (count != 1 || args[0].tag != TensorTag) return false;
    Borrowed a(args[0].p);
    result = tensor_result(op.t->call(a.tensor));
    return true;
  }
  return false;
}

Result call(const Op& op, const Value* args, int32_t count, c10::Stack& stack) {
  const size_t declared = op.defaults.size();
  TORCH_CHECK(static_cast<size_t>(count) <= declared, "takes ", declared, " arguments, ", count, " were given");
  for (int32_t i = 0; i < count; i++) stack.push_back(to_ivalue(args[i], op.kinds[i]));
  for (size_t i = count; i < declared; i++) {
    TORCH_CHECK(op.defaults[i].has_value(), "argument ", i, " has no default and was not given");
    stack.push_back(*op.defaults[i]);
  }
  op.handle.callBoxed(&stack);
  return take_result(op, stack);
}

}  // namespace

// ---- Operators -------------------------------------------------------------------------------------------------------------

EXPORT const char* mint_error() { return last_error.c_str(); }

EXPORT void mint_free(void* memory) { std::free(memory); }

// The handle of an operator ("aten::add", "Tensor"), valid for the life of the process; null when this libtorch lacks it.
EXPORT void* mint_op(const char* name, const char* overload) {
  return guarded(static_cast<void*>(nullptr), [&]() -> void* {
    auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
    if (!handle) {
      last_error = std::string("libtorch " TORCH_VERSION " has no operator ") + name + (*overload ? std::string(".") + overload : "");
      return nullptr;
    }
    const auto& schema = handle->schema();
    auto op = new Op{*handle, std::string(name) + (*overload ? std::string(".") + overload : ""), returns_of(schema)};
    for (const auto& argument : schema.arguments()) {
      op->writes |= argument.alias_info() && argument.alias_info()->isWrite();
      op->defaults.emplace_back();
      if (argument.default_value()) op->defaults.back() = *argument.default_value();
      auto type = argument.type();
      if (type->kind() == c10::TypeKind::OptionalType) type = type->castRaw<c10::OptionalType>()->getElementType();
      op->kinds.push_back(type->kind());
    }
    set_typed(*op, schema);
    op->few_rows = op->name == "aten::linear" && few_rows::supported() && !at::hasMKL();
    return op;
  });
}

// few_rows.h instead of the library's product; false where it does not apply. With many rows the library's is as fast, the sooner the smaller the weights.
static bool few_rows_linear(const Value* args, int32_t count, Result& result) {
  if (count < 2 || args[0].tag != TensorTag || args[1].tag != TensorTag) return false;
  Borrowed input(args[0].p), weight(args[1].p);
  const at::Tensor &x = input.tensor, &w = weight.tensor, b = count > 2 && args[2].tag == TensorTag ? borrow(args[2].p) : at::Tensor();
  auto plain = [](const at::Tensor& t) { return t.is_cpu() && t.layout() == at::kStrided && t.scalar_type() == at::kFloat && t.is_contiguous(); };
  if (!plain(x) || !plain(w) || w.dim() != 2 || x.dim() < 2) return false;
  int64_t outputs = w.size(0), inputs = w.size(1);
  if (inputs == 0 || outputs == 0 || outputs % few_rows::weights || x.size(-1) != inputs || (b.defined() && !(plain(b) && b.dim() == 1 && b.size(0) == outputs))) return false;
  int64_t rows = x.numel() / inputs, most = inputs * outputs < 1 << 16 ? 128 : 256;
  if (rows == 0 || rows > most || !c10::impl::tls_is_dispatch_key_excluded(c10::DispatchKey::AutocastCPU)) return false;
  auto shape = x.sizes().vec();
  shape.back() = outputs;
  at::Tensor y = at::empty(shape, x.options());
  auto packed = few_rows::pack(x.data_ptr<float>(), rows, inputs);
  const float *weights = w.data_ptr<float>(), *biases = b.defined() ? b.data_ptr<float>() : nullptr;
  float* out = y.data_ptr<float>();
  int64_t grain = std::max<int64_t>(1, 500000 / (rows * inputs * few_rows::weights)); // half a million products are worth a thread
  at::parallel_for(0, outputs / few_rows::weights, grain, [&](int64_t begin, int64_t end) {
    few_rows::linear(packed.get(), rows, weights, inputs, biases, out, outputs, begin * few_rows::weights, end * few_rows::weights);
  });
  result = tensor_result(std::move(y));
  return true;
}

EXPORT Result mint_call(const void* handle, const Value* args, int32_t count) {
  const Op& op = *static_cast<const Op*>(handle);
  try {
    std::optional<at::AutoDispatchBelowAutograd> below_autograd;
    if (without_autograd(op, args, count)) below_autograd.emplace();
    Result result;
    if (op.few_rows && below_autograd && few_rows_linear(args, count, result)) return result;
    if (call_unboxed(op, args, count, result)) return result;
    // Kernels hold references into the stack, so a call made from inside a call (an autograd callback) gets a stack of its own.
    if (depth > 0) {
      c10::Stack own;
      return call(op, args, count, own);
    }
    struct Guard {
      Guard() { depth++; }
      ~Guard() { depth--; reusable_stack.clear(); }
    } guard;
    return call(op, args, count, reusable_stack);
  } catch (const std::exception& e) {
    last_error = describe_call(op, args, count, text_of(e));
  } catch (...) {
    last_error = describe_call(op, args, count, "an exception that is not a std::exception");
  }
  return failed;
}

// ---- Tensors ---------------------------------------------------------------------------------------------------------------

EXPORT void mint_release(void* impl) { at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(static_cast<at::TensorImpl*>(impl))); }
EXPORT void mint_retain(void* impl) { c10::raw::intrusive_ptr::incref(static_cast<at::TensorImpl*>(impl)); }

EXPORT int64_t mint_owned_bytes(const void* impl) { return owned_bytes(peek(impl)); }
EXPORT int64_t mint_dim(const void* impl) { return peek(impl).dim(); }
EXPORT const int64_t* mint_sizes(const void* impl) { return peek(impl).sizes().data(); }
EXPORT const int64_t* mint_strides(const void* impl) {
  return guarded(static_cast<const int64_t*>(nullptr), [&] { return peek(impl).strides().data(); });
}
EXPORT int64_t mint_numel(const void* impl) { return peek(impl).numel(); }
EXPORT int64_t mint_element_size(const void* impl) { return peek(impl).itemsize(); }
EXPORT int64_t mint_storage_offset(const void* impl) { return peek(impl).storage_offset(); }
EXPORT int32_t mint_dtype(const void* impl) { return static_cast<int32_t>(c10::typeMetaToScalarType(peek(impl).dtype())); }
EXPORT int64_t mint_device(const void* impl) {
  auto device = peek(impl).device();
  return static_cast<int64_t>(device.type()) | static_cast<int64_t>(device.index()) * 256;
}
EXPORT void* mint_data(const void* impl) {
  return guarded(static_cast<void*>(nullptr), [&] { return borrow(impl).data_ptr(); });
}

enum Flag : int32_t { RequiresGrad = 1, Leaf = 2, Contiguous = 4, Sparse = 8, Conjugated = 16, Negated = 32, Inference = 64, Pinned = 128 };
EXPORT int32_t mint_flags(const void* impl) {
  return guarded(-1, [&] {
    auto t = borrow(impl);
    return (t.requires_grad() ? RequiresGrad : 0) | (t.is_leaf() ? Leaf : 0) | (!t.is_sparse() && t.is_contiguous() ? Contiguous : 0) |
        (t.is_sparse() ? Sparse : 0) | (t.is_conj() ? Conjugated : 0) | (t.is_neg() ? Negated : 0) | (t.is_inference() ? Inference : 0);
  });
}

// A tensor over memory owned by the caller, which is told through the callback when libtorch is done with it.
EXPORT void* mint_from_blob(void* data, const int64_t* sizes, int32_t dim, int32_t dtype, void (*done)(void*), void* context) {
  return guarded(static_cast<void*>(nullptr), [&] {
    at::AutoDispatchBelowADInplaceOrView below_autograd;
    auto tensor = at::from_blob(data, c10::IntArrayRef(sizes, dim), [=](void*) { if (done) done(context); }, at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)));
    return release(std::move(tensor));
  });
}

// ---- Autograd --------------------------------------------------------------------------------------------------------------

EXPORT int32_t mint_set_requires_grad(void* impl, int32_t value) {
  return guarded(-1, [&] { borrow(impl).set_requires_grad(value != 0); return 0; });
}
EXPORT void* mint_grad(void* impl) {
  return guarded(static_cast<void*>(nullptr), [&] { return release(at::Tensor(borrow(impl).grad())); });
}
EXPORT int32_t mint_set_grad(void* impl, void* grad) {
  return guarded(-1, [&] { borrow(impl).mutable_grad() = borrow(grad); return 0; });
}
EXPORT int32_t mint_retain_grad(void* impl) {
  return guarded(-1, [&] { borrow(impl).retain_grad(); return 0; });
}

EXPORT int32_t mint_backward(void* const* tensors, int32_t count, void* const* gradients, int32_t retain_graph, int32_t create_graph,
                             void* const* inputs, int32_t input_count) {
  return guarded(-1, [&] {
    auto grads = gradients ? tensors_of(gradients, count) : std::vector<at::Tensor>(count);
    torch::autograd::backward(tensors_of(tensors, count), grads, retain_graph != 0, create_graph != 0, tensors_of(inputs, input_count));
    return 0;
  });
}

EXPORT Result mint_autograd_grad(void* const* outputs, int32_t count, void* const* inputs, int32_t input_count, void* const* gradients,
                                 int32_t retain_graph, int32_t create_graph, int32_t allow_unused) {
  return guarded(failed, [&] {
    auto grads = gradients ? tensors_of(gradients, count) : std::vector<at::Tensor>(count);
    return tensors_result(torch::autograd::grad(tensors_of(outputs, count), tensors_of(inputs, input_count), grads,
                                                retain_graph != 0, create_graph != 0, allow_unused != 0));
  });
}

// A node of the graph whose derivative is computed on the C# side (torch.autograd.Function).
struct CallbackNode : torch::autograd::Node {
  // Borrows the gradients (null where undefined), fills in owned ones; false means that mint_set_error was called.
  using Backward = int32_t (*)(void* context, void* const* gradients, int32_t count, void** results, int32_t result_count);
  using Done = void (*)(void* context, int32_t last);
  Backward backward;
  Done done;
  void* context;

  CallbackNode(Backward backward, Done done, void* context) : backward(backward), done(done), context(context) {}
  ~CallbackNode() override { done(context, 1); }
  void release_variables() override { done(context, 0); }

  torch::autograd::variable_list apply(torch::autograd::variable_list&& gradients) override {
    std::vector<void*> given, results(next_edges().size());
    for (auto& gradient : gradients) given.push_back(gradient.defined() ? gradient.unsafeGetTensorImpl() : nullptr);
    int32_t fine = backward(context, given.data(), static_cast<int32_t>(given.size()), results.data(), static_cast<int32_t>(results.size()));
    torch::autograd::variable_list taken;
    for (auto impl : results) {
      taken.emplace_back();
      if (impl) taken.back() = at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(static_cast<at::TensorImpl*>(impl)));
    }
    if (!fine) throw std::runtime_error(last_error);
    return taken;
  }
};

EXPORT void mint_set_error(const char* message) { last_error = message; }

// Makes fresh tensors the outputs of a node whose inputs are these (null for those that get no gradient).
EXPORT int32_t mint_custom_function(void* const* inputs, int32_t count, void* const* outputs, int32_t output_count,
                                    CallbackNode::Backward backward, CallbackNode::Done done, void* context) {
  return guarded(-1, [&] {
    std::shared_ptr<CallbackNode> node(new CallbackNode(backward, done, context), torch::autograd::deleteNode);
    torch::autograd::edge_list edges;
    for (auto& input : tensors_of(inputs, count)) edges.push_back(input.defined() ? torch::autograd::impl::gradient_edge(input) : torch::autograd::Edge());
    node->set_next_edges(std::move(edges));
    for (auto& output : tensors_of(outputs, output_count)) torch::autograd::set_history(output, node);
    return 0;
  });
}

EXPORT int32_t mint_grad_enabled() { return at::GradMode::is_enabled(); }
EXPORT void mint_set_grad_enabled(int32_t enabled) { at::GradMode::set_enabled(enabled != 0); }
EXPORT int32_t mint_inference_enabled() { return c10::InferenceMode::is_enabled(); }
// Entered and left in the order of a stack, on one thread.
EXPORT void* mint_enter_inference(int32_t enabled) { return new c10::InferenceMode(enabled != 0); }
EXPORT void mint_leave_inference(void* mode) { delete static_cast<c10::InferenceMode*>(mode); }
EXPORT void mint_set_anomaly(int32_t enabled, int32_t check_nan) { torch::autograd::AnomalyMode::set_enabled(enabled != 0, check_nan != 0); }

// ---- Random numbers --------------------------------------------------------------------------------------------------------

EXPORT int32_t mint_manual_seed(int64_t seed) {
  return guarded(-1, [&] { at::manual_seed(static_cast<uint64_t>(seed)); return 0; });
}
EXPORT void* mint_default_generator(int64_t device) {
  return guarded(static_cast<void*>(nullptr), [&]() -> void* {
    return at::Generator(at::globalContext().defaultGenerator(device_of(device))).unsafeReleaseGeneratorImpl();
  });
}
EXPORT void* mint_new_generator(uint64_t seed, int64_t device) {
  return guarded(static_cast<void*>(nullptr), [&]() -> void* {
    auto where = device_of(device);
    auto generator = where.is_cpu() ? at::detail::createCPUGenerator(seed) : at::globalContext().defaultGenerator(where).clone();
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_current_seed(seed);
    return generator.unsafeReleaseGeneratorImpl();
  });
}
EXPORT void mint_release_generator(void* impl) { at::Generator(c10::intrusive_ptr<at::GeneratorImpl>::reclaim(static_cast<at::GeneratorImpl*>(impl))); }
EXPORT int32_t mint_generator_seed(void* impl, int64_t seed) {
  return guarded(-1, [&] {
    auto generator = generator_of(impl);
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_current_seed(static_cast<uint64_t>(seed));
    return 0;
  });
}
EXPORT int64_t mint_generator_new_seed(void* impl) { return static_cast<int64_t>(generator_of(impl).seed()); }
EXPORT int64_t mint_generator_initial_seed(void* impl) { return static_cast<int64_t>(generator_of(impl).current_seed()); }
EXPORT void* mint_generator_state(void* impl) {
  return guarded(static_cast<void*>(nullptr), [&] { return release(generator_of(impl).get_state()); });
}
EXPORT int32_t mint_set_generator_state(void* impl, void* state) {
  return guarded(-1, [&] { generator_of(impl).set_state(borrow(state)); return 0; });
}

// ---- The machine -----------------------------------------------------------------------------------------------------------

EXPORT const char* mint_version() { return TORCH_VERSION; }
EXPORT int32_t mint_num_threads() { return at::get_num_threads(); }
EXPORT void mint_set_num_threads(int32_t count) { at::set_num_threads(count); }
EXPORT int32_t mint_num_interop_threads() { return at::get_num_interop_threads(); }
EXPORT int32_t mint_set_num_interop_threads(int32_t count) {
  return guarded(-1, [&] { at::set_num_interop_threads(count); return 0; });
}

// The CUDA part of libtorch registers its kernels when it is loaded; a build without it simply has no such file.
EXPORT void mint_load_cuda() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void*>(static_cast<int (*)()>(&at::get_num_threads)), &info) || !info.dli_fname) return;
  std::string folder(info.dli_fname);
  folder.resize(folder.rfind('/') + 1);
  dlopen((folder + "libtorch_cuda.so").c_str(), RTLD_NOW | RTLD_GLOBAL);
}
EXPORT int32_t mint_cuda_available() { return guarded(0, [&] { return at::hasCUDA() ? 1 : 0; }); }
EXPORT int32_t mint_cudnn_available() { return guarded(0, [&] { return at::globalContext().hasCuDNN() ? 1 : 0; }); }
EXPORT int32_t mint_cuda_device_count() {
  return guarded(0, [&] { return at::hasCUDA() ? static_cast<int32_t>(c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount()) : 0; });
}
EXPORT int32_t mint_cuda_synchronize(int32_t index) {
  return guarded(-1, [&] { at::detail::getCUDAHooks().deviceSynchronize(static_cast<c10::DeviceIndex>(index)); return 0; });
}
EXPORT int32_t mint_allow_tf32(int32_t what, int32_t value) {  // what: 0 matmul, 1 cuDNN, 2 reduced precision in fp16 sums; value: -1 asks
  return guarded(-1, [&] {
    auto& context = at::globalContext();
    if (value >= 0) {
      if (what == 0) context.setAllowTF32CuBLAS(value != 0);
      if (what == 1) context.setAllowTF32CuDNN(value != 0);
    }
    return static_cast<int32_t>(what == 0 ? context.allowTF32CuBLAS() : context.allowTF32CuDNN());
  });
}
