using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Tests.Samples;

[TestClass]
public sealed class ReportPageTests
{
    [TestMethod]
    public void ToHtml_NamesWithSigns_AreTextAndNoMarkup()
    {
        var section = new ReportSection("<b>&", "a \"text\"") { Facts = [("<name>", "<value>")] };

        var html = new ReportPage("</title><script>", "1 < 2", [section]).ToHtml();

        foreach (var part in (string[])["<title>&lt;/title&gt;&lt;script&gt;</title>", "<h2>&lt;b&gt;&amp;</h2>", "<p>a &quot;text&quot;</p>", "<th scope=\"row\">&lt;name&gt;</th><td>&lt;value&gt;</td>", "<p>1 &lt; 2</p>"])
        {
            StringAssert.Contains(html, part);
        }
    }

    [TestMethod]
    public void ToHtml_Markup_IsInThePageAsItIs()
    {
        var html = new ReportPage("", "", [new ReportSection("It", "is") { Markup = "<div id=\"x\"></div>" }]).ToHtml();

        StringAssert.Contains(html, "<h2>It</h2>\n<p>is</p>\n<div id=\"x\"></div>\n</section>");
    }

    [TestMethod]
    [DataRow("a.png", SKEncodedImageFormat.Png, 20, "image/png", 60)]
    [DataRow("a.JPG", SKEncodedImageFormat.Jpeg, 300, "image/jpeg", 600)]
    [DataRow("a.webp", SKEncodedImageFormat.Webp, 2000, "image/webp", 2000)]
    public void ToHtml_Pictures_AreInThePage(string name, SKEncodedImageFormat format, int width, string type, int shown)
    {
        using var folder = new TemporaryFolder();
        var bytes = PictureFiles.Encode(format, width: width);
        var path = folder.Write(name, bytes);

        var html =
            new ReportPage(
                "",
                "",
                [new ReportSection("It", "is") { PicturePath = path, RowLabels = ["<up>", "down"], ColumnLabels = ["left"] }]).ToHtml();

        StringAssert.Contains(html, $"<img alt=\"It: is\" src=\"data:{type};base64,{Convert.ToBase64String(bytes)}\">");
        StringAssert.Contains(html, $"--width: {shown}px");
        StringAssert.Contains(
            html,
            "<div class=\"columns\"><span>left</span></div>\n<div class=\"rows\"><span>&lt;up&gt;</span><span>down</span></div>");
    }

    [TestMethod]
    public void Save_PictureMissing_LeavesTheOldPage()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("report.html", [1]);

        Assert.ThrowsExactly<FileNotFoundException>(
            () => new ReportPage("", "", [new ReportSection("", "") { PicturePath = folder.File("none.png") }]).Save(path));

        CollectionAssert.AreEqual((byte[])[1], File.ReadAllBytes(path));
    }
}
