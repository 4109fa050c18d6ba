// publicizer IN.dll OUT.dll: a copy of an assembly whose internal types and members are public, for the compiler to look at.
// Only visibility bits change, in place, so that the copy has the same metadata otherwise; it is never loaded or shipped.
using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: publicizer IN.dll OUT.dll");
    return 2;
}
var image = File.ReadAllBytes(args[0]);
using var pe = new PEReader(new MemoryStream(image));
if (!pe.HasMetadata)
{
    Console.Error.WriteLine($"publicizer: {args[0]} is not a .NET assembly");
    return 1;
}
var metadata = pe.GetMetadataReader();

int opened = 0;
// The flags stand first in a row of TypeDef (4 bytes) and Field (2 bytes), behind RVA and implementation flags in MethodDef.
ForEachRow(TableIndex.TypeDef,
    row => Change(row, 4, (int)TypeAttributes.VisibilityMask, flags => (TypeAttributes)(flags & (int)TypeAttributes.VisibilityMask) switch
{
    TypeAttributes.NotPublic => (int)TypeAttributes.Public,
    TypeAttributes.NestedAssembly or TypeAttributes.NestedFamORAssem or TypeAttributes.NestedFamANDAssem => (int)TypeAttributes.NestedPublic,
    _ => null,
}));
ForEachRow(TableIndex.MethodDef,
    row => Change(row + 6, 2, (int)MethodAttributes.MemberAccessMask, flags => (MethodAttributes)(flags & (int)MethodAttributes.MemberAccessMask) switch
{
    // An override must have the accessibility that its base has at run time: 'private protected' is overridden as protected.
    MethodAttributes.FamANDAssem when ((MethodAttributes)flags).HasFlag(MethodAttributes.Virtual) => (int)MethodAttributes.Family,
    MethodAttributes.Assembly or MethodAttributes.FamANDAssem => (int)MethodAttributes.Public,
    _ => null,
}));
ForEachRow(TableIndex.Field,
    row => Change(row, 2, (int)FieldAttributes.FieldAccessMask, flags => (FieldAttributes)(flags & (int)FieldAttributes.FieldAccessMask) switch
{
    FieldAttributes.Assembly or FieldAttributes.FamANDAssem => (int)FieldAttributes.Public,
    _ => null,
}));

// Written beside and renamed: a build that is stopped leaves no half file that looks up to date.
string path = Path.GetFullPath(args[1]), unfinished = $"{path}.{Environment.ProcessId}";
Directory.CreateDirectory(Path.GetDirectoryName(path)!);
File.WriteAllBytes(unfinished, image);
File.Move(unfinished, path, overwrite: true);
Console.WriteLine($"{Path.GetFileName(path)}: {opened} types and members opened");
return 0;

void ForEachRow(TableIndex table, Action<int> change)
{
    int start = pe.PEHeaders.MetadataStartOffset + metadata.GetTableMetadataOffset(table), size = metadata.GetTableRowSize(table);
    for (int i = 0; i < metadata.GetTableRowCount(table); i++) change(start + i * size);
}

void Change(int at, int width, int mask, Func<int, int?> visibility)
{
    var bytes = image.AsSpan(at, width);
    int flags = width == 4 ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    if (visibility(flags) is not { } open) return;
    flags = (flags & ~mask) | open;
    if (width == 4) BinaryPrimitives.WriteInt32LittleEndian(bytes, flags); else BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)flags);
    opened++;
}
