using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace DocumentationSnippets;

/// <summary>docs/scale-out.md.</summary>
[TestClass]
[DoNotParallelize]
public sealed class ScaleOutSnippets : SnippetRun
{
    [TestMethod]
    public void FirstImage_GoesOnWhereAnotherCallEnds()
    {
        using var model = TinyModel.Train();

        #region snippet
        MLImage[] all = model.Generate(6, new GenerationOptions { Seed = 1 });
        MLImage[] rest = model.Generate(2, new GenerationOptions { Seed = 1, FirstImage = 4 }); // all[4] and all[5], wherever they are generated
        #endregion

        CollectionAssert.AreEqual(Pictures.Digests(all[4..]), Pictures.Digests(rest));
    }
}
