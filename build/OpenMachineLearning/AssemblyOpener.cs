using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace OpenMachineLearning;

/// <summary>Copies a managed assembly so that what was internal is public and what was private protected is protected.</summary>
/// <remarks>
/// Accessibility is a few bits in the fixed-size rows of three metadata tables (ECMA-335 II.22.15, 22.26 and 22.37), so they
/// are changed in place: the copy has the size, the tokens and the identity of the original. It is for the compiler only.
/// </remarks>
internal static class AssemblyOpener
{
    /// <summary>Writes the opened copy of <paramref name="source"/> to <paramref name="destination"/>, as a new file.</summary>
    /// <exception cref="BadImageFormatException"><paramref name="source"/> is not a managed assembly.</exception>
    public static void Open(string source, string destination)
    {
        var image = File.ReadAllBytes(source);
        try
        {
            OpenInPlace(image);
        }
        catch (Exception exception) when (exception is BadImageFormatException or InvalidOperationException or ArgumentException)
        {
            throw new BadImageFormatException(
                $"'{source}' cannot be opened, because it is not a managed assembly. Check that the ML.NET package was restored completely.",
                exception);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(destination))!);
        var unfinished = $"{destination}.{Environment.ProcessId}.tmp"; // nobody may see half a file, nor a hard link to it be written through
        File.WriteAllBytes(unfinished, image);
        File.Move(unfinished, destination, overwrite: true);
    }

    private static void OpenInPlace(byte[] image)
    {
        using var portable = new PEReader(new MemoryStream(image, writable: false));
        var metadata = portable.GetMetadataReader();
        var start = portable.PEHeaders.MetadataStartOffset;

        foreach (var handle in metadata.TypeDefinitions)
        {
            if (!IsPolyfill(metadata, handle))
            {
                Rewrite(
                    Row(TableIndex.TypeDef, handle),
                    (ushort)TypeAttributes.VisibilityMask,
                    flags => (ushort)Opened((TypeAttributes)flags));
            }
        }

        foreach (var handle in metadata.MethodDefinitions)
        {
            // The flags follow RVA (4 bytes) and ImplFlags (2 bytes).
            Rewrite(
                Row(TableIndex.MethodDef, handle)[6..],
                (ushort)MethodAttributes.MemberAccessMask,
                flags => (ushort)Opened((MethodAttributes)flags));
        }

        foreach (var handle in metadata.FieldDefinitions)
        {
            Rewrite(
                Row(TableIndex.Field, handle),
                (ushort)FieldAttributes.FieldAccessMask,
                flags => (ushort)Opened((FieldAttributes)flags));
        }

        Span<byte> Row(TableIndex table, EntityHandle handle)
        {
            var size = metadata.GetTableRowSize(table);
            return image.AsSpan(start + metadata.GetTableMetadataOffset(table) + (MetadataTokens.GetRowNumber(handle) - 1) * size, size);
        }
    }

    /// <summary>Says whether a type imitates one of the platform's: public, it would clash with the real one.</summary>
    private static bool IsPolyfill(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        var space = metadata.GetString(metadata.GetTypeDefinition(handle).Namespace);
        return space == "System" || space.StartsWith("System.", StringComparison.Ordinal) || space == "Microsoft.CodeAnalysis";
    }

    private static void Rewrite(Span<byte> row, ushort mask, Func<ushort, ushort> opened)
    {
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(row);
        BinaryPrimitives.WriteUInt16LittleEndian(row, (ushort)(flags & ~mask | opened((ushort)(flags & mask))));
    }

    private static TypeAttributes Opened(TypeAttributes visibility) => visibility switch
    {
        TypeAttributes.NotPublic => TypeAttributes.Public,
        TypeAttributes.NestedAssembly or TypeAttributes.NestedFamORAssem => TypeAttributes.NestedPublic,
        TypeAttributes.NestedFamANDAssem => TypeAttributes.NestedFamily,
        _ => visibility,
    };

    private static MethodAttributes Opened(MethodAttributes access) => access switch
    {
        MethodAttributes.Assembly or MethodAttributes.FamORAssem => MethodAttributes.Public,
        MethodAttributes.FamANDAssem => MethodAttributes.Family,
        _ => access,
    };

    private static FieldAttributes Opened(FieldAttributes access) => access switch
    {
        FieldAttributes.Assembly or FieldAttributes.FamORAssem => FieldAttributes.Public,
        FieldAttributes.FamANDAssem => FieldAttributes.Family,
        _ => access,
    };
}
