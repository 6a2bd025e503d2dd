using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Training.Checkpoints;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

/// <summary>Names of options are parts of messages: what only looks like one stays.</summary>
[TestClass]
public sealed class OptionMessagesTests
{
    [TestMethod]
    public void Format_Check_NamesTheOptionsOfTheProgram() => Expect(
        "<KeepCheckpoints> must be at least 1; leave <CheckpointDirectory> null for no checkpoints.",
        () => new TrainingOptions { KeepCheckpoints = 0 }.Validate(),
        "KeepCheckpoints must be at least 1; leave CheckpointDirectory null for no checkpoints. (Parameter 'KeepCheckpoints')\nActual value was 0.");

    [TestMethod]
    public void Format_OptionOfAnother_HasItsPath() => Expect(
        "<Validation.Patience> must be at least 1; leave it null to never end training early.",
        () => new TrainingOptions { Validation = new ValidationOptions { Patience = 0 } }.Validate());

    [TestMethod]
    public void Format_ExceptionOfAnyCheck_HasItsParameter() => Expect(
        "<MaximumPixels> must be from 1 to 536870897, because pixels are decoded into one array of 4 bytes each.",
        () => new MLContext().Diffusion.InspectImages(".", new ImageFolderOptions { MaximumPixels = 0 }));

    [TestMethod]
    public void Format_ParameterThatTheMessageDoesNotBeginWith_LeavesTheMessage() => Expect(
        "The number of steps must be at most 9 (Parameter 'b').",
        () => throw new ArgumentOutOfRangeException("steps", 10, "The number of steps must be at most 9 (Parameter 'b')."));

    [TestMethod]
    public void Format_Sizes_NamesOnlyThoseThatMatter()
    {
        Expect(
            "Both sides of the images must be multiples of 4, because the network halves them at every level but the last. Add ResizeImages before the trainer, or use fewer <ChannelMultipliers>.",
            () => new UNetOptions { ChannelMultipliers = [1, 2, 2] }.ValidateFor(9, 8));
        Expect(
            "Both sides of the images must be multiples of 8, because the network halves them at every level but the last and folds patches. Add ResizeImages before the trainer, or use fewer <ChannelMultipliers> or a smaller <PatchSize>.",
            () => new UNetOptions { ChannelMultipliers = [1, 2, 2], PatchSize = 2 }.ValidateFor(9, 8));
    }

    [TestMethod]
    public void Format_NamesOfFoldersAndValues_StayAsTheyAre()
    {
        RunIdentity Of(string rate) => new(new(StringComparer.Ordinal) { ["LearningRate"] = rate, ["Same"] = "1" });

        Expect(
            "<CheckpointDirectory> '/a/LearningRate' holds another run: <LearningRate> was BatchSize, is now 2. Make these equal to resume it, or name another folder.",
            () => Of("BatchSize").CheckSame(Of("2"), "/a/LearningRate"));
    }

    [TestMethod]
    public void Format_NoNameInTheProgram_KeepsTheLibrarys()
    {
        var exception = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TrainingOptions { KeepCheckpoints = 0 }.Validate());

        Assert.AreEqual(
            "KeepCheckpoints must be at least 1; leave --checkpoint null for no checkpoints.",
            OptionMessages.Format(exception, name => name == "CheckpointDirectory" ? "--checkpoint" : null));
        Assert.AreEqual("Any LearningRate", OptionMessages.Format(new IOException("Any LearningRate"), name => $"<{name}>"));
    }

    [TestMethod]
    public void GetReason_Limit_NamesTheOptionOfTheProgram()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.png", PictureFiles.Encode());

        var skipped = new MLContext().Diffusion.InspectImages(folder.Path, new ImageFolderOptions { MaximumPixels = 63 }).Skipped[0];

        Assert.AreEqual("it has 8x8 pixels, more than MaximumPixels (63)", skipped.Reason);
        Assert.AreEqual("it has 8x8 pixels, more than <MaximumPixels> (63)", skipped.GetReason(name => $"<{name}>"));
    }

    [TestMethod]
    public void Text_Values_AreInvariant() => OtherCulture.In(() =>
    {
        OptionText text = $"{1.5} {2.5:F2} {new OptionName("A")} {(object?)null}";
        OptionText outer = $"({text}; {OptionText.Join(", ", [text, OptionText.Of("b")])})";

        Assert.AreEqual("(1.5 2.50 A ; 1.5 2.50 A , b)", outer.ToString());
        Assert.AreEqual("(1.5 2.50 a ; 1.5 2.50 a , b)", outer.ToString(name => name.ToLowerInvariant()));
        return "";
    });

    private static void Expect(string message, Action action, string? ownMessage = null)
    {
        var exception = Assert.Throws<Exception>(action);
        Assert.AreEqual(message, OptionMessages.Format(exception, name => $"<{name}>"));
        Assert.AreEqual(ownMessage ?? exception.Message, exception.Message.ReplaceLineEndings("\n"));
    }
}
