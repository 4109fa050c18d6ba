using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Mint.ML.Tests;

/// <summary>
/// Feeds mutated files to a parser. A parser may succeed or throw a documented exception; anything else (another exception, a hang, an
/// allocation above the bound) fails the test with the number of the input, which the seed reproduces.
/// </summary>
public static class Fuzz
{
    /// <summary>Ten thousand in the tests; a soak job sets MINT_FUZZ_COUNT to a million.</summary>
    public static int Count => int.TryParse(Environment.GetEnvironmentVariable("MINT_FUZZ_COUNT"), out var n) ? n : 10_000;

    /// <summary>A parse this long on inputs of a few kilobytes is a hang, if it is as long again each time: another process may have had the machine.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(1);

    /// <summary>So many seconds awake on one input end the test instead of waiting for ever.</summary>
    private const int Patience = 60;

    /// <param name="samples">Valid files; small ones make the mutations bite.</param>
    /// <param name="parse">Reads one input, wholly (lazy parts included).</param>
    /// <param name="documented">True for the exceptions that the parser promises.</param>
    /// <param name="maxAllocated">Most bytes that one parse may allocate on its thread.</param>
    /// <param name="count">Number of inputs; null takes <see cref="Count"/>.</param>
    /// <param name="seed">Seeds the mutations.</param>
    public static void Run(IReadOnlyList<byte[]> samples, Action<byte[]> parse, Func<Exception, bool> documented,
        long maxAllocated = 64 << 20, int? count = null, int seed = 1)
    {
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

        void All()
        {
            foreach (var sample in samples)
            {
                parse(sample); // the samples themselves are valid; this also warms up statics, which the bound should not count
            }
            var random = new Random(seed);
            var (slowest, largest) = (TimeSpan.Zero, 0L);
            for (int i = 0; i < (count ?? Count); i++)
            {
                input = Mutate(samples, random);
                Volatile.Write(ref number, i);
                var (elapsed, allocated) = One(i);
                for (int again = 0; again < 4 && elapsed >= Hang; again++) elapsed = One(i).Elapsed;
                Assert.IsTrue(elapsed < Hang, $"Input {i} of seed {seed} ({Show(input)}) took {elapsed} and as long again each time.");
                Assert.IsTrue(allocated <= maxAllocated, $"Input {i} of seed {seed} ({Show(input)}) allocated {allocated:N0} bytes.");
                (slowest, largest) = (elapsed > slowest ? elapsed : slowest, Math.Max(largest, allocated));
            }
            Console.WriteLine($"{count ?? Count:N0} inputs; the slowest took {slowest.TotalMilliseconds:F1} ms, the largest allocated {largest / 1e6:F2} MB "
                + $"of at most {maxAllocated / 1e6:F0}.");
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
        {
            Edit(bytes, samples, random);
        }
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
                {
                    bytes[at + i] = value[i];
                }
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
