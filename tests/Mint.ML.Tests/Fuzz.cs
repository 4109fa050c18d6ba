using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Mint.ML.Tests;

/// <summary>
/// Feeds mutated files to a parser. A parser may succeed or throw a documented exception; anything else (another exception, a hang, an
/// allocation above the bound) fails the test with the number of the input, which the seed reproduces.
/// </summary>
public static class Fuzz
{
    /// <summary>Ten thousand in the tests; ./mint bench fuzz sets MINT_FUZZ_COUNT to a million.</summary>
    public static int Count => int.TryParse(Environment.GetEnvironmentVariable("MINT_FUZZ_COUNT"), out var n) ? n : 10_000;

    /// <summary>Inputs of a seed. What a piece has found out is kept in MINT_FUZZ_FOLDER, and not done again.</summary>
    private const int Piece = 10_000;

    /// <summary>A parse this long on inputs of a few kilobytes is a hang, if it is as long again each time: another process may have had the machine.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(1);

    /// <summary>So many seconds awake on one input end the test instead of waiting for ever.</summary>
    private const int Patience = 60;

    /// <param name="samples">Valid files; small ones make the mutations bite.</param>
    /// <param name="parse">Reads one input, wholly (lazy parts included).</param>
    /// <param name="documented">True for the exceptions that the parser promises.</param>
    /// <param name="maxAllocated">Most bytes that one parse may allocate on its thread.</param>
    /// <param name="seed">Seeds the mutations of the first piece; the others have the following thousands.</param>
    /// <param name="part">Which of the test's data rows it is.</param>
    /// <param name="name">The test.</param>
    public static void Run(IReadOnlyList<byte[]> samples, Action<byte[]> parse, Func<Exception, bool> documented,
        long maxAllocated = 64 << 20, int seed = 1, string part = "", [CallerMemberName] string name = "")
    {
        string? folder = Environment.GetEnvironmentVariable("MINT_FUZZ_FOLDER");
        string title = part.Length > 0 ? $"{name}-{part}" : name, file = Path.Combine(folder ?? "", title + ".txt");
        var done = folder is not null && File.Exists(file) ? File.ReadLines(file).Select(line => line.Split(' ')[1]).ToHashSet() : [];
        for (int piece = 0; piece * (long)Piece < Count; piece++)
        {
            int own = seed + 1000 * piece, count = Math.Min(Piece, Count - piece * Piece);
            if (done.Contains($"{own}")) continue;
            string found = Seeded(samples, parse, documented, maxAllocated, count, own);
            if (folder is not null) File.AppendAllText(file, found + "\n");
            else Console.WriteLine($"{title}: {found}");
        }
    }

    private static string Seeded(IReadOnlyList<byte[]> samples, Action<byte[]> parse, Func<Exception, bool> documented, long maxAllocated, int count, int seed)
    {
        string found = "";
        int number = -1, seen = -1, ticks = 0;
        byte[] input = [];
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                All();
            }
            catch (Exception error)
            {
                failure = error;
            }
        })
        { IsBackground = true };
        thread.Start();
        // Ticks, not a clock: a machine that sleeps or a process that is stopped makes none.
        while (!thread.Join(TimeSpan.FromSeconds(1)))
        {
            int now = Volatile.Read(ref number);
            ticks = now == seen ? ticks + 1 : 0;
            seen = now;
            if (ticks >= Patience) Assert.Fail($"Input {now} of seed {seed} ({Show(input)}) has not ended after {Patience} seconds.");
        }
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
        return found;

        void All()
        {
            foreach (var sample in samples)
            {
                parse(sample); // the samples themselves are valid; this also warms up statics, which the bound should not count
            }
            var random = new Random(seed);
            var (slowest, largest) = (TimeSpan.Zero, 0L);
            for (int i = 0; i < count; i++)
            {
                input = Mutate(samples, random);
                Volatile.Write(ref number, i);
                var (elapsed, allocated) = One(i);
                for (int again = 0; again < 4 && elapsed >= Hang; again++) elapsed = One(i).Elapsed;
                Assert.IsTrue(elapsed < Hang, $"Input {i} of seed {seed} ({Show(input)}) took {elapsed} and as long again each time.");
                Assert.IsTrue(allocated <= maxAllocated, $"Input {i} of seed {seed} ({Show(input)}) allocated {allocated:N0} bytes.");
                (slowest, largest) = (elapsed > slowest ? elapsed : slowest, Math.Max(largest, allocated));
            }
            found = FormattableString.Invariant($"seed {seed} inputs {count} slowest {slowest.TotalMilliseconds:F1} ms largest {largest / 1e6:F2} MB");
        }

        (TimeSpan Elapsed, long Allocated) One(int i)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.StartNew();
            try
            {
                parse(input);
            }
            catch (Exception e) when (documented(e))
            {
            }
            catch (Exception e)
            {
                throw new AssertFailedException($"Input {i} of seed {seed} ({input.Length} bytes, {Show(input)}) threw {e.GetType().Name}: {e.Message}", e);
            }
            return (clock.Elapsed, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    /// <summary>One to four random edits of a random sample.</summary>
    public static byte[] Mutate(IReadOnlyList<byte[]> samples, Random random)
    {
        var bytes = new List<byte>(samples[random.Next(samples.Count)]);
        for (var edits = random.Next(1, 5); edits > 0; edits--)
            Edit(bytes, samples, random);
        return [.. bytes];
    }

    // Values at which parsers of lengths, offsets and counts break.
    private static readonly ulong[] Integers =
        [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, ulong.MaxValue];

    private static readonly string[] Fragments =
        ["{", "}", "[", "]", "\"", ",", ":", "null", "true", "-1", "1e999", "99999999999999999999", "\\u0000", "\\ud800", "\n", "\r\n", "\t", " ", "\0", "{\"",
            "[[[[[[[["];

    private static void Edit(List<byte> bytes, IReadOnlyList<byte[]> samples, Random random)
    {
        var at = random.Next(bytes.Count + 1);
        switch (random.Next(9))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2: // truncated
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 3: // a hole
                bytes.RemoveRange(at, Math.Min(random.Next(1, 33), bytes.Count - at));
                break;
            case 4: // noise
                var noise = new byte[random.Next(1, 17)];
                random.NextBytes(noise);
                bytes.InsertRange(at, noise);
                break;
            case 5: // a repeated stretch
                bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 65), bytes.Count - at)));
                break;
            case 6: // an edge integer, little-endian, of 1, 2, 4 or 8 bytes
                var value = BitConverter.GetBytes(Integers[random.Next(Integers.Length)]);
                for (int i = 0, width = 1 << random.Next(4); i < width && at + i < bytes.Count; i++)
                    bytes[at + i] = value[i];
                break;
            case 7:
                bytes.InsertRange(at, System.Text.Encoding.UTF8.GetBytes(Fragments[random.Next(Fragments.Length)]));
                break;
            case 8: // the end of another sample
                var other = samples[random.Next(samples.Count)];
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other.Skip(random.Next(other.Length + 1)));
                break;
        }
    }

    private static string Show(byte[] input) => Convert.ToHexString(input, 0, Math.Min(input.Length, 64));
}
