using System.Diagnostics;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>The first code of the README, run as it is on a folder of pictures.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class QuickStartTests
{
    [TestMethod]
    public void QuickStart_FlatFolder_IsHeardOfWithinFiveSeconds()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 70; i++)
        {
            folder.Write($"pictures/{i:D2}.png", PictureFiles.Encode(number: i, width: 40, height: 36));
        }

        using var process =
            Process.Start(
                new ProcessStartInfo("dotnet", ["exec", SampleProcess.Assembly("QuickStart")])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                    WorkingDirectory = folder.Path,
                })!;
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            Assert.AreEqual("70 images, 0 files skipped", process.StandardOutput.ReadLine());
            var clock = Stopwatch.StartNew(); // Fit begins
            StringAssert.StartsWith(process.StandardOutput.ReadLine(), "Measuring what cpu can do with 70 images of 32x32, ");
            Assert.IsLessThan(5, clock.Elapsed.TotalSeconds);
            StringAssert.StartsWith(process.StandardOutput.ReadLine(), "Plan for 00:30:00 of training:");
            while (process.StandardOutput.ReadLine() is { } line && !line.StartsWith("Training begins on ", StringComparison.Ordinal))
            {
                Assert.IsNotNull(line);
            }

            StringAssert.StartsWith(process.StandardOutput.ReadLine(), "Training: step 1 of about ");
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }

        Assert.AreEqual("", error.Result);
    }
}
