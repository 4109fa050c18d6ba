using System.Reflection;

namespace TorchSharp.Utils
{
    /// <summary>Gives the field of a module the name under which its parameter, buffer or submodule is registered.</summary>
    public class ComponentNameAttribute : Attribute
    {
        public string Name { get; set; }
    }
}

namespace TorchSharp
{
    public static class FieldInfoExtensionMethods
    {
        public static string ComponentName(this FieldInfo field)
            => field.GetCustomAttribute<Utils.ComponentNameAttribute>()?.Name ?? field.Name;
    }
}
