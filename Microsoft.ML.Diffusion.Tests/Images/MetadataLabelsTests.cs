using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>ImageFolderOptions.LabelField: classes from metadata.csv and metadata.jsonl beside the images.</summary>
[TestClass]
public sealed class MetadataLabelsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _context = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow("metadata.csv", "file_name,label,text\n1.png,cat,\"a cat, asleep\"\nsub/2.png,dog,\"\"\"Rex\"\"\"\n./sub\\3.png,cat,\"two\nlines\"\n")]
    [DataRow("metadata.csv", "\ufefftext,file_name , label\r\n,1.png, cat \r\n\r\nx,sub/2.png,dog\r\nx,sub/../sub/3.png,\"cat\"")]
    [DataRow("metadata.jsonl", """
        {"file_name": "1.png", "label": "cat", "objects": {"bbox": [[1, 2], []]}}
        {"label": "dog", "file_name": "sub/2.png"}

        {"file_name": "sub/3.png", "label": " cat ", "text": null}
        """)]
    [DataRow("Metadata.jsonl", """
        {"file_names": ["1.png", "sub/3.png"], "label": "cat"}
        {"a_file_name": "sub/2.png", "b_file_name": null, "c_file_names": [], "label": "dog"}
        """)]
    public void LoadImages_LabelField_IsTheClass(string name, string metadata)
    {
        Pictures("1.png", "sub/2.png", "sub/3.png");
        Write(name, metadata);

        var loaded = Load("label");

        CollectionAssert.AreEqual(new[] { "1.png cat", "sub/2.png dog", "sub/3.png cat" }, Labels(loaded));
        Assert.IsEmpty(loaded.Skipped);
    }

    [TestMethod]
    public void LoadImages_MetadataOfEachFolder_AreAboutTheirOwn()
    {
        Pictures("train/1.png", "train/deep/1.png", "test/1.png", "2.png");
        Write("train/metadata.csv", "file_name,label\n1.png,a\ndeep/1.png,b\n");
        Write("test/metadata.jsonl", """{"file_name": "1.png", "label": "c"}""" + "\n" + """{"file_name": "../2.png", "label": "a"}""");

        var loaded = Load("label");

        CollectionAssert.AreEqual(new[] { "2.png a", "test/1.png c", "train/1.png a", "train/deep/1.png b" }, Labels(loaded));
    }

    [TestMethod]
    public void LoadImages_NumbersAsLabels_AreInTheirOrder()
    {
        Pictures("1.png", "2.png", "3.png");
        Write("metadata.jsonl", "{\"file_name\":\"1.png\",\"y\":10}\n{\"file_name\":\"2.png\",\"y\":9}\n{\"file_name\":\"3.png\",\"y\":\"-1\"}");

        var loaded = Load("y");

        CollectionAssert.AreEqual(new[] { "-1", "9", "10" }, Names(loaded));
        CollectionAssert.AreEqual(new uint[] { 3, 2, 1 }, loaded.Data.GetColumn<uint>("Label").ToArray());
    }

    [TestMethod]
    public void LoadImages_RowsAndFilesThatDoNotMeet_AreTold()
    {
        Pictures("1.png", "2.png", "3.png");
        Write("cut.png", PictureFiles.Encode()[..^30]);
        Write("metadata.csv", "file_name,label\n1.png,cat\n2.png,\nnone.png,dog\n../out.png,dog\n/etc/x.png,dog\nC:\\x.png,dog\ncut.png,dog\n1.png,cat\n");
        var log = new List<string>();
        _context.Log += (_, entry) => log.Add($"{entry.Kind}: {entry.RawMessage}");

        var loaded = Load("label");

        CollectionAssert.AreEqual(new[] { "1.png cat", "2.png -", "3.png -" }, Labels(loaded));
        CollectionAssert.AreEqual(
            new[]
            {
                "../out.png: line 5 of 'metadata.csv' names it, but it is outside of the folder",
                "/etc/x.png: line 6 of 'metadata.csv' names it, but it is outside of the folder",
                "C:\\x.png: line 7 of 'metadata.csv' names it, but it is outside of the folder",
                "cut.png: its PNG data are cut short",
                "none.png: line 4 of 'metadata.csv' names it, but there is no such file",
            },
            loaded.Skipped.Select(file => $"{file.Path}: {file.Reason}").ToArray());
        Assert.Contains(
            "Warning: 2 of 3 images have no class, the first '2.png': no line of metadata gives it one in 'label'. They are trained on without a class.",
            log);
    }

    [TestMethod]
    [DataRow("metadata.csv", "file_name,label\n1.png,cat\n1.png,dog\n", "metadata.csv: line 3: an image is 'dog' that is 'cat' in line 2.")]
    [DataRow("metadata.csv", "file_name,label\n1.png,a,b\n", "metadata.csv: line 2: it has 3 fields, but the header has 2: put a text with commas into quotes.")]
    [DataRow("metadata.csv", "file_name,label\n\n1.png,\"a\nb\n", "metadata.csv: line 3: a quote is opened and never closed.")]
    [DataRow("metadata.csv", "file_name,label\n1.png,\"a\nb\"c\n", "metadata.csv: line 3: after a closing quote must come a comma or the end of the line: double a quote that is part of a text.")]
    [DataRow("metadata.csv", "file_name,label,label\n", "metadata.csv: line 1: the header has 'label' 2 times.")]
    [DataRow("metadata.csv", "file_name;label\n1.png;cat\n", "metadata.csv: line 1: its columns are not separated by commas, but the header is 'file_name;label'.")]
    [DataRow("metadata.csv", "file_name,label\n,cat\n", "metadata.csv: line 2: it names no image.")]
    [DataRow("metadata.csv", "id,label\n1.png,cat\n", "metadata.csv: it has no field 'file_name', which names the image of a line, but id, label.")]
    [DataRow("metadata.csv", "", "metadata.csv: it has no field 'file_name', which names the image of a line, but none at all.")]
    [DataRow("metadata.jsonl", "{\"file_name\": \"1.png\", \"label\": \"a\"}\n{\"file_name\": 1.png}", "metadata.jsonl: line 2: it is no JSON from byte 17 on; each line must be one object, such as {\"file_name\": \"1.png\", \"label\": \"cat\"}.")]
    [DataRow("metadata.jsonl", "[\n{\"file_name\": \"1.png\"}\n]", "metadata.jsonl: line 1: it is no JSON from byte 2 on; each line must be one object, such as {\"file_name\": \"1.png\", \"label\": \"cat\"}.")]
    [DataRow("metadata.jsonl", "[1]", "metadata.jsonl: line 1: it is a list, but must be an object, such as {\"file_name\": \"1.png\", \"label\": \"cat\"}.")]
    [DataRow("metadata.jsonl", "{\"file_name\": \"1.png\", \"label\": [\"a\"]}", "metadata.jsonl: line 1: 'label' is a list, but a class must be a text, a number, true or false.")]
    [DataRow("metadata.jsonl", "{\"file_name\": 5}", "metadata.jsonl: line 1: 'file_name' is a number, but must be the name of a file.")]
    [DataRow("metadata.jsonl", "{\"file_names\": [null]}", "metadata.jsonl: line 1: 'file_names' has null among its names, but must be a list of texts.")]
    [DataRow("metadata.jsonl", "{\"file_name\": \"\\ud800\"}", "metadata.jsonl: line 1: a text in it is no Unicode.")]
    public void LoadImages_BrokenMetadata_NamesTheLine(string name, string metadata, string message)
    {
        Pictures("1.png");
        Write(name, metadata);

        Messages.Expect<FormatException>(message, () => Load("label"));
    }

    [TestMethod]
    public void LoadImages_NoUtf8OrTooLong_SaysSo()
    {
        Pictures("1.png");
        Write("metadata.csv", Encoding.Latin1.GetBytes("file_name,label\n1.png,M\u00fcll\n"));

        Messages.Expect<FormatException>(
            "metadata.csv: it is no UTF-8 text: save it so, in a spreadsheet as 'CSV UTF-8'.",
            () => Load("label"));
        Messages.Expect<FormatException>(
            "metadata.csv: the file has 27 bytes, more than MaximumFileBytes (26).",
            () => _context.Diffusion.LoadImages(_folder.Path, new ImageFolderOptions { LabelField = "label", MaximumFileBytes = 26 }));
    }

    [TestMethod]
    public void LoadImages_FieldThatIsNotThere_SuggestsTheNearest()
    {
        Pictures("1.png");
        Write("metadata.csv", "file_name,label,text\n1.png,cat,x\n");

        Messages.Expect<ArgumentOutOfRangeException>(
            "LabelField must be a field of 'metadata.csv', which has file_name, label, text. Did you mean 'label'? Leave it null to take the classes from the folders' names. (Parameter 'LabelField')\nActual value was Lable.",
            () => Load("Lable"));
        Messages.Expect<ArgumentOutOfRangeException>(
            "LabelField must be the name of a field, such as label; leave it null to take the classes from the folders' names. (Parameter 'LabelField')\nActual value was  .",
            () => Load(" "));
    }

    [TestMethod]
    public void LoadImages_NoMetadataOrTwo_SaysSo()
    {
        Pictures("a/1.png");
        Messages.Expect<InvalidOperationException>(
            $"LabelField 'label' needs a metadata.csv or metadata.jsonl in '{_folder.Path}' or below, which names images and their classes, but there is none.",
            () => Load("label"));
        Write("a/metadata.parquet", "PAR1");
        Messages.Expect<InvalidOperationException>(
            $"LabelField 'label' needs a metadata.csv or metadata.jsonl in '{_folder.Path}' or below, which names images and their classes, but there is none. 'a/metadata.parquet' cannot be read: save it as CSV.",
            () => Load("label"));
        Write("a/metadata.csv", "file_name,label\n1.png,cat\n");
        Write("a/metadata.jsonl", "{\"file_name\": \"1.png\", \"label\": \"cat\"}");
        Messages.Expect<InvalidOperationException>(
            "'a/metadata.csv' and 'a/metadata.jsonl' are about the same images, and it is open which counts. Remove one.",
            () => Load("label"));
    }

    [TestMethod]
    public void LoadImages_NoImageGetsAClass_SaysWhy()
    {
        Pictures("images/1.png");
        Write("images/metadata.csv", "file_name,label\nimages/1.png,cat\n");

        Messages.Expect<InvalidOperationException>(
            "LabelField 'label' gives no image a class: images/metadata.csv has none in that field, or names other files. Skipped: 1, the first 'images/images/1.png', because line 2 of 'images/metadata.csv' names it, but there is no such file.",
            () => Load("label"));
    }

    [TestMethod]
    public void LoadImages_TooManyClasses_SaysSo()
    {
        Pictures("1.png");
        Write("metadata.csv", $"file_name,text\n1.png,{new string('x', 1001)}\n");

        StringAssert.StartsWith(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Load("text")).Message,
            "LabelField must have at most 1000 letters in each name of a class, because a model keeps them in its file.");
    }

    [TestMethod]
    public void LoadImages_MetadataAndNoField_TellsOfThem()
    {
        Pictures("a/1.png", "b/2.png");
        Write("metadata.csv", "file_name,label\na/1.png,cat\n");
        Write("b/metadata.jsonl", "broken");
        var log = new List<string>();
        _context.Log += (_, entry) => log.Add($"{entry.Kind}: {entry.RawMessage}");

        var loaded = Load(null);
        var info = _context.Diffusion.InspectImages(_folder.Path);

        CollectionAssert.AreEqual(new[] { "a/1.png a", "b/2.png b" }, Labels(loaded));
        Assert.Contains(
            "Info: 'metadata.csv' says more of the images: file_name, label. Set LabelField to the one of these that is their class; without it, Label has the names of folders.",
            log);
        Assert.AreEqual("metadata.csv: file_name, label", string.Join("; ", loaded.MetadataFiles));
        Assert.AreEqual(
            """
            Images    2: 0 grey, 2 coloured
            Sizes     2 of 8x8
            Classes   2: a 1, b 1
            Metadata  metadata.csv: file_name, label
            Skipped   1
            """.ReplaceLineEndings("\n"),
            info.ToString());
        StringAssert.StartsWith(info.Skipped[0].ToString(), "SkippedFile { Path = b/metadata.jsonl, Reason = line 1: it is no JSON from byte 1 on;");
    }

    [TestMethod]
    public void InspectImages_LabelField_CountsItsClasses()
    {
        Pictures("a/1.png", "a/2.png", "3.png");
        Write("metadata.csv", "file_name,label\na/1.png,cat\na/2.png,dog\n");

        var info = _context.Diffusion.InspectImages(_folder.Path, new ImageFolderOptions { LabelField = "label" });

        StringAssert.Contains(info.ToString(), "\nClasses   2: cat 1, dog 1; 1 without\n");
    }

    private LoadedImages Load(string? field) => _context.Diffusion.LoadImages(_folder.Path, new ImageFolderOptions { LabelField = field });

    private void Pictures(params string[] names) => Array.ForEach(names, name => Write(name, PictureFiles.Encode()));

    private void Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    private void Write(string name, byte[] bytes) => _folder.Write(name, bytes);

    private string[] Labels(LoadedImages loaded)
    {
        var (names, keys) = (Names(loaded), loaded.Data.GetColumn<uint>("Label").ToArray());
        var paths = loaded.Data.GetColumn<string>("ImagePath").Select(path => Path.GetRelativePath(_folder.Path, path).Replace('\\', '/'));
        return [.. paths.Zip(keys, (path, key) => $"{path} {(key == 0 ? "-" : names[key - 1])}")];
    }

    private static string[] Names(LoadedImages loaded)
    {
        var names = default(VBuffer<ReadOnlyMemory<char>>);
        loaded.Data.Schema["Label"].GetKeyValues(ref names);
        return [.. names.DenseValues().Select(name => name.ToString())];
    }
}
