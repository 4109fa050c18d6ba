using Mint.ML.Native;

namespace Mint.ML.Tests.Native;

[TestClass]
public sealed class ElfFileTests
{
    private static readonly byte[] small = SmallElf.Make(("GLIBCXX_3.4.11", "_ZSt4cout", true), ("GLIBCXX_3.4.32", "_ZSt21ios_base_library_initv", false));

    [TestMethod]
    public void What_a_library_asks_for_and_offers_is_read()
    {
        var elf = ElfFile.Read("small.so", small);
        CollectionAssert.AreEqual(new[] { "GLIBCXX_3.4.11", "GLIBCXX_3.4.32" }, elf.Needs().Select(need => need.Version).ToArray());
        Assert.IsTrue(elf.Needs().All(need => need.Library == "libstdc++.so.6" && !need.Weak));
        Assert.AreEqual(("_ZSt4cout", true), elf.Symbols(elf.Needs()[0]).Single());
        Assert.AreEqual(("_ZSt21ios_base_library_initv", false), elf.Symbols(elf.Needs()[1]).Single());
        Assert.AreEqual("OWN_1.0", elf.Defined().Single());
    }

    [TestMethod]
    public void What_is_no_ELF_library_is_refused_by_name()
    {
        foreach (byte[] bytes in (byte[][])[[], [1, 2, 3], new byte[100], [.. "MZ"u8, .. new byte[100]], small[..63]])
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ElfFile.Read("odd.so", bytes)).Message, "odd.so");
    }

    [TestMethod]
    public void Mutated_libraries_are_refused_and_nothing_else() =>
        Fuzz.Run([small], ReadAll, error => error is InvalidDataException, maxAllocated: 4 << 20);

    [TestMethod]
    public void Lists_without_an_end_are_refused()
    {
        // Four thousand million entries, each of which says that the next one is itself.
        int section = 64 * 5 + (int)BitConverter.ToUInt32(small, 0x28);
        byte[] endless = [.. small];
        endless.AsSpan(section + 0x2c, 4).Fill(0xff);
        Assert.ThrowsExactly<InvalidDataException>(() => ElfFile.Read("endless.so", endless).Needs());
        byte[] far = [.. small];
        far.AsSpan(section + 0x18, 8).Fill(0xff);
        Assert.ThrowsExactly<InvalidDataException>(() => ElfFile.Read("far.so", far).Needs());
    }

    private static void ReadAll(byte[] bytes)
    {
        var elf = ElfFile.Read("fuzz.so", bytes);
        elf.Defined();
        foreach (var need in elf.Needs())
        {
            foreach (var _ in elf.Symbols(need))
            {
            }
            elf.MakeWeak(need);
        }
    }
}
