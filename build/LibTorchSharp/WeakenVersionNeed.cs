using System;
using System.Diagnostics;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Copies a Linux library (ELF, 64 bit, little endian) and makes its need of one symbol version weak in the copy, so that the
/// dynamic loader accepts a system whose libraries do not have that version. One byte differs: VER_FLG_WEAK in vna_flags.
/// </summary>
/// <remarks>MSBuild compiles this file itself, against .NET Standard 2.0. Layouts: System V gABI, chapters 4 and 5; LSB 5.0, 10.7.</remarks>
public sealed class WeakenVersionNeed : Task
{
    private const int SectionTypeOfVersionNeeds = 0x6ffffffe; // SHT_GNU_verneed
    private const int SectionHeaderSize = 64;
    private const byte Weak = 2; // VER_FLG_WEAK

    [Required]
    public string Source { get; set; }

    [Required]
    public string Destination { get; set; }

    /// <summary>Gets or sets the version's name, such as GLIBCXX_3.4.32. A library that does not need it is copied unchanged.</summary>
    [Required]
    public string Version { get; set; }

    public override bool Execute()
    {
        try
        {
            var library = File.ReadAllBytes(Source);
            var flags = FindFlags(library);
            if (flags >= 0)
            {
                library[flags] |= Weak;
            }

            // A new file takes the old one's place: an output folder may hold a hard link to the old one, and nobody may see half a file.
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(Destination)));
            var unfinished = Destination + "." + Process.GetCurrentProcess().Id + ".tmp";
            File.WriteAllBytes(unfinished, library);
            File.Delete(Destination);
            File.Move(unfinished, Destination);
        }
        catch (InvalidDataException exception)
        {
            Log.LogError(
                "'{0}' cannot be adapted to systems without {1}: {2} Restore the TorchSharp package again if its file is damaged; if this is a TorchSharp whose library has another form, " +
                "set the property DiffusionPatchLibTorchSharp to false to use the file as it is.",
                Source, Version, exception.Message);
        }
        catch (Exception exception) when (exception is IOException || exception is UnauthorizedAccessException)
        {
            Log.LogErrorFromException(exception);
        }

        return !Log.HasLoggedErrors;
    }

    /// <summary>Returns the offset of the low byte of the version's vna_flags, or -1 if the library does not need the version.</summary>
    private int FindFlags(byte[] library)
    {
        if (library.Length < 64
            || library[0] != 0x7f
            || Encoding.ASCII.GetString(library, 1, 3) != "ELF"
            || library[4] != 2
            || library[5] != 1)
        {
            throw new InvalidDataException("it is not a 64-bit little-endian ELF file.");
        }

        var headers = ReadOffset(library, 40); // e_shoff
        var count = ReadUInt16(library, 60); // e_shnum
        if (headers == 0 || count == 0 || ReadUInt16(library, 58) != SectionHeaderSize) // e_shentsize
        {
            throw new InvalidDataException("it has no section headers.");
        }

        for (var index = 0; index < count; index++)
        {
            var header = headers + index * SectionHeaderSize;
            if (ReadUInt32(library, header + 4) == SectionTypeOfVersionNeeds)
            {
                var names =
                    headers + (int)Math.Min(ReadUInt32(library, header + 40), count) * SectionHeaderSize; // sh_link: its string table
                return FindFlags(library, ReadOffset(library, header + 24), ReadOffset(library, names + 24));
            }
        }

        return -1;
    }

    /// <summary>Walks the needed files (Elf64_Verneed) and the versions needed of each (Elf64_Vernaux).</summary>
    private int FindFlags(byte[] library, int need, int names)
    {
        for (var next = -1; next != 0; need += next)
        {
            var version = Add(need, ReadUInt32(library, need + 8)); // vn_aux
            for (var remaining = ReadUInt16(library, need + 2); remaining > 0; remaining--) // vn_cnt
            {
                if (HasName(library, Add(names, ReadUInt32(library, version + 8)))) // vna_name
                {
                    return version + 4; // vna_flags
                }

                version = Add(version, ReadUInt32(library, version + 12)); // vna_next
            }

            next = Add(0, ReadUInt32(library, need + 12)); // vn_next
        }

        return -1;
    }

    private bool HasName(byte[] library, int offset)
    {
        var expected = Encoding.ASCII.GetBytes(Version + "\0");
        Check(library, offset, 1);
        if (offset + expected.Length > library.Length)
        {
            return false;
        }

        for (var i = 0; i < expected.Length; i++)
        {
            if (library[offset + i] != expected[i])
            {
                return false;
            }
        }

        return true;
    }

    private static int ReadUInt16(byte[] library, int offset)
    {
        Check(library, offset, 2);
        return library[offset] | library[offset + 1] << 8;
    }

    private static uint ReadUInt32(byte[] library, int offset)
    {
        Check(library, offset, 4);
        return (uint)(ReadUInt16(library, offset) | ReadUInt16(library, offset + 2) << 16);
    }

    /// <summary>Reads a 64-bit file offset; one beyond the file is beyond 31 bits or fails at its first use.</summary>
    private static int ReadOffset(byte[] library, int offset)
    {
        var low = ReadUInt32(library, offset);
        return ReadUInt32(library, offset + 4) == 0 ? Add(0, low) : throw OutOfBounds();
    }

    private static int Add(int offset, uint distance) =>
        offset + (long)distance <= int.MaxValue ? (int)(offset + distance) : throw OutOfBounds();

    private static void Check(byte[] library, int offset, int count)
    {
        if (offset < 0 || offset > library.Length - count)
        {
            throw OutOfBounds();
        }
    }

    private static InvalidDataException OutOfBounds() => new InvalidDataException("an offset in it points outside the file.");
}
