using System.Runtime.InteropServices;

namespace Mint.ML.Samples.Cli;

/// <summary>What asks a program to stop: Ctrl-C, SIGTERM, SIGHUP, or the end of whoever reads its output.</summary>
/// <remarks>
/// A command that looks at <see cref="Token"/> says so by <see cref="Listen"/>: from then on the first request makes it stop where it can go on, between
/// steps, and the second one ends the process. Before it, as while a model is loaded, and in the other commands, the first one ends the process.
/// </remarks>
internal sealed class Stopping : IDisposable
{
    private const int BrokenPipe = 13; // SIGPIPE, whose exit code a program has that writes where nobody reads
    private const short Error = 8; // POLLERR

    private static volatile bool listening;

    private readonly CancellationTokenSource stop = new();
    private readonly PosixSignalRegistration[] signals;
    private int watching;

    public Stopping() => signals =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Hear(signal, 2)),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Hear(signal, 15)),
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => Hear(signal, 1)),
    ];

    /// <summary>Is cancelled by the first request.</summary>
    public CancellationToken Token => stop.Token;

    /// <summary>128 and the signal's number, as a shell has it: 130 of Ctrl-C, 143 of SIGTERM, 129 of SIGHUP, 141 of a closed pipe.</summary>
    public int ExitCode { get; private set; } = 130;

    /// <summary>From here on the command looks at its token between steps, or no longer does.</summary>
    public static void Listen(bool looks = true) => listening = looks;

    /// <summary>Notices when nobody reads the standard output any more. Called when something is written there: who writes nothing needs no reader.</summary>
    public void WatchOutput()
    {
        if (OperatingSystem.IsWindows() || !Console.IsOutputRedirected || Interlocked.Exchange(ref watching, 1) == 1) return;
        new Thread(() =>
        {
            var output = new Polled { File = 1 }; // asks for no event: an error is told all the same
            int found;
            do found = poll(ref output, 1, -1); while (found < 0 && Marshal.GetLastPInvokeError() == 4); // EINTR
            if (found <= 0 || (output.Found & Error) == 0) return;
            if (!listening || stop.IsCancellationRequested) _exit(128 + BrokenPipe);
            Request(BrokenPipe);
        })
        { IsBackground = true, Name = "reader of the output" }.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var signal in signals) signal.Dispose();
    }

    // What is not cancelled here does what it does in any program: it ends it.
    private void Hear(PosixSignalContext signal, int number)
    {
        if (!listening || stop.IsCancellationRequested) return;
        signal.Cancel = true;
        Request(number);
    }

    private void Request(int number)
    {
        ExitCode = 128 + number;
        stop.Cancel();
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Polled
    {
        public int File;
        public short Asked, Found;
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int poll(ref Polled files, nuint count, int milliseconds);

    // Not Environment.Exit: libtorch may be at work on another thread, and its destructors must not run under it.
    [DllImport("libc")]
    private static extern void _exit(int code);
}
