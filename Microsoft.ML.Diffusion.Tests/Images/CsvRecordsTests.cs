using Microsoft.ML.Diffusion.Data.Files;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>The reader of CSV files, against RFC 4180 and damage.</summary>
[TestClass]
public sealed class CsvRecordsTests
{
    [TestMethod]
    [DataRow("a,b\r\nc,d\r\n", "1:a|b 2:c|d", DisplayName = "RFC 4180, section 2.1")]
    [DataRow("a,b\nc,d", "1:a|b 2:c|d", DisplayName = "section 2.2, no last line break")]
    [DataRow("\"a\",\"b\rc\"\rd,", "1:a|b\rc 3:d|", DisplayName = "sections 2.5 and 2.6")]
    [DataRow("\"a\"\"b\",\"\"\"\",\"\"", "1:a\"b|\"|", DisplayName = "section 2.7")]
    [DataRow("\n\r\na\n\n,\n", "3:a 5:|", DisplayName = "empty lines are no records")]
    [DataRow("a \"b\" c, d", "1:a \"b\" c| d", DisplayName = "a quote within a plain field")]
    [DataRow("", "")]
    public void Read_Text_GivesRecordsAndLines(string text, string expected) => Assert.AreEqual(
        expected,
        string.Join(' ', new CsvRecords(new StringReader(text)).Read().Select(record => $"{record.Line}:{string.Join('|', record.Fields)}")));

    [TestMethod]
    public void Read_WhatWasWritten_ComesBack()
    {
        for (var number = 0; number < 5000; number++)
        {
            Assert.IsNull(DamagedMetadata.RoundTrip(number), $"number {number}");
        }
    }

    [TestMethod]
    public void Metadata_Damaged_IsReadOrRefusedByItsLine()
    {
        for (var number = 0; number < 5000; number++)
        {
            Assert.IsNull(DamagedMetadata.Damaged(number), $"number {number}");
        }
    }
}
