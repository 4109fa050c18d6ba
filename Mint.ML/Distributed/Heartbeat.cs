using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Mint.ML.Distributed;

/// <summary>Tells the ranks that one of them is gone, and why.</summary>
/// <remarks>
/// A rank that waits in MPI for one that is gone waits for ever, or until the network gives up in a quarter of an hour. So each keeps a TCP connection to rank
/// 0, over which both say something every second. Who closes it without a word, says that it has failed, or is silent for <see cref="Silence"/>, ends all:
/// nobody can be called back out of MPI, so that processes end. Where no connection can be made, ranks rely on the launcher alone, and say so.
/// </remarks>
internal sealed class Heartbeat : IDisposable
{
    private const int Beat = 1000; // milliseconds
    private const int Silence = 15_000; // longer than any pause of a process that lives, shorter than patience
    private const string Bye = "bye";
    private const int Longest = 10_000; // characters of a line: an error with what led to it, and no more from strangers

    private readonly int rank;
    private readonly string host = Environment.MachineName;
    private readonly Dictionary<int, Line> lines = []; // by the rank at the other end
    private readonly Timer timer;
    private volatile bool ended;

    private Heartbeat(int rank)
    {
        this.rank = rank;
        timer = new Timer(_ => Say(""), null, Beat, Beat);
    }

    /// <summary>Whether this rank has failed.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Connects the ranks; a collective.</summary>
    /// <param name="rank">This one.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="broadcast">Gives everyone rank 0's text.</param>
    public static Heartbeat Start(int rank, int count, Func<string, string> broadcast)
    {
        var heartbeat = new Heartbeat(rank);
        if (rank == 0) heartbeat.Listen(count, broadcast);
        else heartbeat.Connect(broadcast(""));
        return heartbeat;
    }

    /// <summary>Says that this rank cannot go on. Rank 0 tells the others; from another one it is rank 0 that tells all.</summary>
    public void Fail(string reason)
    {
        if (HasFailed) return;
        HasFailed = true;
        Say($"!rank {rank} on {host}: {reason}");
    }

    /// <summary>Ends this process, which has failed, once the others know.</summary>
    public void EndFailed()
    {
        Thread.Sleep(Beat);
        End();
    }

    /// <summary>This rank is done: its silence means nothing any more.</summary>
    public void Dispose()
    {
        ended = true;
        timer.Dispose();
        Say(Bye);
    }

    private void Listen(int count, Func<string, string> broadcast)
    {
        var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start(count);
        string key = Guid.NewGuid().ToString("N");
        var addresses = NetworkInterface.GetAllNetworkInterfaces().Where(face => face.OperationalStatus != OperationalStatus.Down)
            .SelectMany(face => face.GetIPProperties().UnicastAddresses).Select(one => one.Address)
            .Where(one => one.AddressFamily == AddressFamily.InterNetwork)
            .OrderBy(IPAddress.IsLoopback);
        int missing = count - 1;
        Background(() =>
        {
            try
            {
                while (true)
                {
                    var client = listener.AcceptTcpClient();
                    Background(() => Welcome(client)); // whoever connects and says nothing keeps no rank waiting
                }
            }
            catch (Exception error) when (error is SocketException or InvalidOperationException)
            {
                // Stopped: all ranks are here.
            }
        });
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        broadcast($"{host} {key} {port} {string.Join(' ', addresses)}");

        void Welcome(TcpClient client)
        {
            try
            {
                var line = new Line(client);
                if (line.Read()?.Split(' ', 3) is [var theirs, var number, var name] && theirs == key)
                {
                    Keep(int.Parse(number, CultureInfo.InvariantCulture), name, line);
                    if (Interlocked.Decrement(ref missing) == 0) listener.Stop();
                    return;
                }
            }
            catch (Exception error) when (error is IOException or SocketException or InvalidOperationException)
            {
                // It says nothing, or is gone already.
            }
            client.Dispose(); // somebody else
        }
    }

    private void Connect(string where)
    {
        string[] parts = where.Split(' ');
        var (first, key, port) = (parts[0], parts[1], int.Parse(parts[2], CultureInfo.InvariantCulture));
        foreach (string address in (string[])[.. first == host ? ["127.0.0.1"] : Array.Empty<string>(), .. parts[3..]])
        {
            try
            {
                var client = new TcpClient();
                if (!client.ConnectAsync(IPAddress.Parse(address), port).Wait(2000)) continue;
                var line = new Line(client);
                line.Write($"{key} {rank} {host}");
                Keep(0, first, line);
                return;
            }
            catch (Exception error) when (error is AggregateException or SocketException or IOException)
            {
                // Another address may do.
            }
        }
        Console.Error.WriteLine($"rank {rank} on {host} has no connection to rank 0 on {first} but MPI's: if one of them is cut off, "
            + "the other may wait for long.");
    }

    private void Keep(int other, string host, Line line)
    {
        lock (lines) lines[other] = line;
        Background(() =>
        {
            try
            {
                string? said;
                do said = line.Read(); while (said is ""); // a beat
                if (said == Bye) return;
                if (said is ['!', .. var reason])
                {
                    // What went wrong on all ranks alike, rank 0 says by itself.
                    if (rank == 0) Thread.Sleep(Beat / 2);
                    Lost(reason.TrimEnd('.'), rank == 0);
                }
                else
                {
                    Lost($"rank {other} on {host} has ended without a word: it was killed, or its machine had no memory left", tell: true);
                }
            }
            catch (IOException)
            {
                Lost($"rank {other} on {host} has not been heard for {Silence / 1000} s, or its connection broke: its machine or the network is gone", true);
            }
        });
    }

    // What rank 0 tells the others it has printed itself.
    private void Lost(string reason, bool tell)
    {
        lock (timer)
        {
            if (ended || HasFailed) return;
            ended = true;
            if (tell) Console.Error.WriteLine($"mint: {reason}. {(rank == 0 ? "All ranks end" : $"Rank {rank} on {host} ends")}; the last checkpoint stands.");
            if (rank == 0) Say("!" + reason);
        }
        Thread.Sleep(Beat / 4); // what was said is on its way
        End();
    }

    private void Say(string text)
    {
        Line[] all;
        lock (lines) all = [.. lines.Values];
        foreach (var line in all)
        {
            try
            {
                line.Write(text);
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException)
            {
                // Its reader sees it too.
            }
        }
    }

    private static void Background(ThreadStart work) => new Thread(work) { IsBackground = true, Name = "heartbeat" }.Start();

    // Not Environment.Exit: libtorch and MPI are at work on other threads.
    private static void End()
    {
        if (OperatingSystem.IsWindows()) System.Diagnostics.Process.GetCurrentProcess().Kill();
        _exit(1);
    }

    [DllImport("libc")]
    private static extern void _exit(int code);

    /// <summary>Lines of text over a connection.</summary>
    private sealed class Line
    {
        private readonly Lock writing = new();
        private readonly NetworkStream stream;
        private readonly StreamReader reader;

        public Line(TcpClient client)
        {
            client.NoDelay = true;
            stream = client.GetStream();
            (stream.ReadTimeout, stream.WriteTimeout) = (Silence, Silence);
            reader = new StreamReader(stream, Encoding.UTF8);
        }

        /// <summary>The next line; null at the end.</summary>
        /// <exception cref="IOException">Nothing came for <see cref="Silence"/>, or the line is longer than a rank says.</exception>
        public string? Read()
        {
            var text = new StringBuilder();
            for (int next; (next = reader.Read()) >= 0; text.Append((char)next))
            {
                if (next == '\n') return text.ToString();
                if (text.Length == Longest) throw new IOException($"A line has more than {Longest} characters.");
            }
            return null;
        }

        public void Write(string text)
        {
            string said = text.ReplaceLineEndings(" ");
            byte[] bytes = Encoding.UTF8.GetBytes(said[..Math.Min(said.Length, Longest)] + "\n");
            lock (writing) stream.Write(bytes);
        }
    }
}
