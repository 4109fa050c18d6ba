using Mint.ML.Distributed;

/// <summary>What .NET runs in a program before its Main where DOTNET_STARTUP_HOOKS names this assembly: tensors of the CPU then go by NCCL.</summary>
internal static class StartupHook
{
    public static void Initialize() => NcclGroup.TakesHostMemory = true;
}
