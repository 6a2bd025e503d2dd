using System.Globalization;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>Training and generating on a graphics card, beside the same network written by hand; each in a process of its own.</summary>
internal static class DeviceSpeed
{
    /// <summary>Prints a table, row by row: a card may be lent for minutes only.</summary>
    /// <param name="device">By the option's name, such as cuda.</param>
    public static void Print(string device)
    {
        Console.WriteLine("| network | batch | side | precision | training, images/s | generating, images/s | host memory, MiB |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        foreach (var configuration in Configuration.AllOfCards)
        {
            Print("by hand", "plain", configuration with { Device = device });
            foreach (var precision in (TrainingPrecision[])[TrainingPrecision.Float32, TrainingPrecision.BFloat16])
            {
                Print("library", "project", configuration with { Device = device, Precision = precision });
            }
        }
    }

    private static void Print(string title, string side, Configuration configuration)
    {
        var measured = Worker.Ask(side, configuration);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {configuration.Name} | {configuration.BatchSize} | {title} | {configuration.Precision} | {measured.TrainingImagesPerSecond:F0} | {measured.SamplingImagesPerSecond:F0} | {measured.TrainingPeakMegabytes:F0} |"));
    }
}
