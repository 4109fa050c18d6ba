using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            // Moving replaces the Parameter and buffer objects, in the registry and in the fields that held them, and disposes the old ones.

            protected internal virtual Module _to(Device device, ScalarType dtype, bool non_blocking)
            {
                RequireFloating(dtype);
                RequireAvailable(device.type);
                _toEpilog(device, dtype, non_blocking);
                return this;
            }

            protected internal virtual Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
            {
                RequireAvailable(deviceType);
                _toEpilog(deviceType, deviceIndex, non_blocking);
                return this;
            }

            protected internal virtual Module _to(ScalarType dtype, bool non_blocking)
            {
                RequireFloating(dtype);
                _toEpilog(dtype, non_blocking);
                return this;
            }

            public Module _to(Tensor other, bool non_blocking)
            {
                _to(other.dtype, non_blocking);
                return _to(other.device_type, other.device_index, non_blocking);
            }

            protected void _toEpilog(ScalarType dtype, bool non_blocking) => _toEpilog(dtype, null, non_blocking);

            protected void _toEpilog(Device device, ScalarType dtype, bool non_blocking) => _toEpilog((ScalarType?)dtype, device, non_blocking);

            protected void _toEpilog(DeviceType deviceType, int deviceIndex, bool non_blocking)
                => _toEpilog(null, new Device(deviceType, deviceIndex), non_blocking);

            protected virtual void _toEpilog(ScalarType? dtype, Device device, bool non_blocking)
            {
                if (dtype is null && device is null) throw new ArgumentNullException(nameof(dtype), "dtype and device are both null.");

                foreach (var (_, child) in named_children()) {
                    if (device is null) child._to(dtype.Value, non_blocking);
                    else if (dtype is null) child._to(device.type, device.index, non_blocking);
                    else child._to(device, dtype.Value, non_blocking);
                }
                foreach (var (key, parameter) in named_parameters(false).ToList()) {
                    if (!ReplaceParameter(dtype, device, parameter, out var moved)) continue;
                    PutIntoFields(parameter, moved);
                    ConditionallyRegisterParameter(key, moved);
                    parameter.Dispose();
                }
                foreach (var (key, (buffer, persistent)) in _internal_buffers.ToList<(string, (Tensor, bool))>()) {
                    if (!ReplaceBuffer(dtype, device, buffer, out var moved)) continue;
                    PutIntoFields(buffer, moved);
                    ConditionallyRegisterBuffer(key, moved, persistent);
                }
                if (device is not null) {
                    _deviceType = device.type;
                    _deviceIndex = device.index;
                }
            }

            private void PutIntoFields(Tensor old, Tensor moved)
            {
                foreach (var (_, field) in ComponentFields.Of(GetType()))
                    if (ReferenceEquals(field.GetValue(this), old)) field.SetValue(this, moved);
            }

            protected static bool ReplaceParameter(ScalarType? dtype, Device device, Parameter param, out Parameter p)
            {
                p = null;
                using var grad = param.grad;
                if (!Moves(param, dtype, device) && (grad is null || !Moves(grad, dtype, device))) return false;

                // Without recording: the moved parameter is a leaf of its own.
                using (no_grad()) {
                    p = new Parameter(Moved(param, dtype, device), param.requires_grad);
                    p.DetachFromDisposeScope();
                    if (grad is not null) {
                        using var movedGrad = Moved(grad, dtype, device);
                        p.grad = movedGrad;
                    }
                }
                return true;
            }

            protected static bool ReplaceBuffer(ScalarType? dtype, Device device, Tensor buffer, out Tensor result)
            {
                result = null;
                if (!Moves(buffer, dtype, device)) return false;
                result = Moved(buffer, dtype, device).DetachFromDisposeScope();
                buffer.Dispose();
                return true;
            }

            // Integers and booleans (positions, masks) keep their type when a model is cast.
            private static ScalarType TypeFor(Tensor tensor, ScalarType? dtype)
                => dtype is { } type && (tensor.is_floating_point() || tensor.is_complex()) ? type : tensor.dtype;

            private static bool Moves(Tensor tensor, ScalarType? dtype, Device device)
                => TypeFor(tensor, dtype) != tensor.dtype
                || (device is not null && (device.type != tensor.device_type || (device.index >= 0 && tensor.device_index >= 0 && device.index != tensor.device_index)));

            // A copy even where the type and device stay: the caller disposes the old object.
            private static Tensor Moved(Tensor tensor, ScalarType? dtype, Device device)
                => tensor.to(TypeFor(tensor, dtype), device ?? tensor.device, copy: true);

            private static void RequireFloating(ScalarType dtype)
            {
                if (!is_floating_point(dtype) && dtype is not (ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64))
                    throw new ArgumentException($"nn.Module.to only accepts floating point or complex types, but got desired dtype={dtype}");
            }

            private static void RequireAvailable(DeviceType type)
            {
                if (type == DeviceType.CUDA && !cuda.is_available()) throw new InvalidOperationException("CUDA is not available.");
            }

            protected static (Device device, ScalarType dtype) GetDefaultDeviceAndType(Device device = null, ScalarType? dtype = null)
                => (device ?? get_default_device(), dtype ?? get_default_dtype());
        }
    }
}

public static class ModuleExtensionMethods
{
    public static T to<T>(this T module, torch.Device device, torch.ScalarType type, bool non_blocking = false) where T : torch.nn.Module
        => (T)module._to(device, type, non_blocking);

    public static T to<T>(this T module, torch.Device device, bool non_blocking = false) where T : torch.nn.Module
        => (T)module._to(device.type, device.index, non_blocking);

    public static T to<T>(this T module, DeviceType deviceType, int deviceIndex = -1, bool non_blocking = false) where T : torch.nn.Module
        => (T)module._to(deviceType, deviceIndex, non_blocking);

    public static T to<T>(this T module, string device, bool non_blocking = false) where T : torch.nn.Module
        => module.to(new torch.Device(device), non_blocking);

    public static T to<T>(this T module, torch.ScalarType type, bool non_blocking = false) where T : torch.nn.Module
        => (T)module._to(type, non_blocking);

    public static T to<T>(this T module, torch.Tensor other, bool non_blocking = false) where T : torch.nn.Module
        => (T)module._to(other, non_blocking);

    public static T cpu<T>(this T module, bool non_blocking = false) where T : torch.nn.Module
        => (T)module._to(DeviceType.CPU, -1, non_blocking);

    public static T cuda<T>(this T module, int deviceIndex = -1, bool non_blocking = false) where T : torch.nn.Module
        => (T)module._to(DeviceType.CUDA, deviceIndex, non_blocking);

    public static T half<T>(this T module, bool non_blocking = false) where T : torch.nn.Module => module.to(torch.ScalarType.Float16, non_blocking);

    public static T bfloat16<T>(this T module, bool non_blocking = false) where T : torch.nn.Module => module.to(torch.ScalarType.BFloat16, non_blocking);

    public static T @float<T>(this T module, bool non_blocking = false) where T : torch.nn.Module => module.to(torch.ScalarType.Float32, non_blocking);

    public static T @double<T>(this T module, bool non_blocking = false) where T : torch.nn.Module => module.to(torch.ScalarType.Float64, non_blocking);
}
