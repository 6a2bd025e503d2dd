using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Files whose every byte follows from a number, so that a whole one can be told from a part or a mixture.</summary>
internal static class NumberedFile
{
    private const int NumberBytes = sizeof(int);
    private const int PieceBytes = 10_000;
    private const int Pieces = 20;

    public static void Write(string path, int number) => AtomicFile.Write(path, stream =>
    {
        var content = Content(number);
        for (var i = 0; i < content.Length; i += PieceBytes)
        {
            stream.Write(content, i, Math.Min(PieceBytes, content.Length - i));
        }
    });

    /// <summary>Reads a file's number; -1 if it is not whole.</summary>
    public static int Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var number = bytes.Length < NumberBytes ? -1 : BinaryPrimitives.ReadInt32LittleEndian(bytes);
        return bytes.AsSpan().SequenceEqual(Content(number)) ? number : -1;
    }

    /// <summary>The child process of a test that kills it: says when it starts and goes on.</summary>
    public static void WriteForever(string path)
    {
        var first = Read(path) + 1;
        Write($"{path}.warm", 0); // the runtime has compiled all by the time that the killing starts
        Console.WriteLine("started");
        for (var number = first; ; number++)
        {
            Write(path, number);
        }
    }

    /// <summary>The child process of a test of a full disk: the system lets it write no more than so many bytes into one file.</summary>
    public static void WriteLimited(string path, long bytes)
    {
        const int fileSize = 1; // RLIMIT_FSIZE
        const int fileSizeSignal = 25; // SIGXFSZ, which would end the process
        const nint ignore = 1;

        Signal(fileSizeSignal, ignore);
        if (SetLimit(fileSize, [(nuint)bytes, (nuint)bytes]) != 0)
        {
            throw new InvalidOperationException($"setrlimit failed with {Marshal.GetLastPInvokeError()}.");
        }

        try
        {
            Write(path, 2);
        }
        catch (IOException exception)
        {
            Console.WriteLine(exception.Message);
        }
    }

    private static byte[] Content(int number)
    {
        var content = new byte[NumberBytes + (Pieces * PieceBytes)];
        BinaryPrimitives.WriteInt32LittleEndian(content, number);
        for (var i = NumberBytes; i < content.Length; i += PieceBytes)
        {
            Array.Fill(content, SHA256.HashData(BitConverter.GetBytes(number))[i / PieceBytes], i, PieceBytes);
        }

        return content;
    }

    [DllImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static extern int SetLimit(int resource, nuint[] softAndHard);

    [DllImport("libc", EntryPoint = "signal")]
    private static extern nint Signal(int number, nint handler);
}
