namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>The cyclic redundancy check of PNG chunks (ISO/IEC 15948, annex D), by a table.</summary>
internal static class Crc32
{
    private static readonly uint[] _table = Table();

    public static uint Of(ReadOnlySpan<byte> name, ReadOnlySpan<byte> content) => ~Add(Add(uint.MaxValue, name), content);

    private static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            crc = _table[(crc ^ value) & 0xFF] ^ (crc >> 8);
        }

        return crc;
    }

    private static uint[] Table()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var crc = i;
            for (var k = 0; k < 8; k++)
            {
                crc = (crc & 1) == 0 ? crc >> 1 : 0xEDB88320 ^ (crc >> 1);
            }

            table[i] = crc;
        }

        return table;
    }
}
