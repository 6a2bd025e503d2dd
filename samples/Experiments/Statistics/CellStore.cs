using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.Diffusion.Samples;

namespace Experiments.Statistics;

/// <summary>The features of the cells of a table on disk, so that a run of an hour can be stopped and gone on with.</summary>
/// <param name="folder">The folder: cells.csv, with a line for each cell, and a file of its features, float32, row by row.</param>
internal sealed class CellStore(string folder)
{
    private const string Head = "key;file;features;seconds";

    private string Index => Path.Combine(folder, "cells.csv");

    /// <summary>Finds the features of a cell, or computes and keeps them.</summary>
    /// <param name="key">All that decides them, without semicolon: settings of an earlier run that differ are another cell.</param>
    /// <param name="compute">Computes the features, [N][D].</param>
    /// <returns>The features, and the seconds that they took when they were computed.</returns>
    public (float[][] Rows, double Seconds) Get(string key, Func<(float[][] Rows, double Seconds)> compute)
    {
        var lines = Directory.Exists(folder) && File.Exists(Index) ? File.ReadAllLines(Index)[1..] : [];
        if (lines.Select(line => line.Split(';')).LastOrDefault(cell => cell[0] == key) is [_, var file, var width, var seconds]
            && Read(file, int.Parse(width, CultureInfo.InvariantCulture)) is { } rows)
        {
            return (rows, double.Parse(seconds, CultureInfo.InvariantCulture));
        }

        var cell = compute();
        Directory.CreateDirectory(folder);
        var name = FormattableString.Invariant($"{lines.Length:D4}.features");
        WholeFile.Write(
            Path.Combine(folder, name),
            path => File.WriteAllBytes(path, MemoryMarshal.AsBytes(cell.Rows.SelectMany(row => row).ToArray().AsSpan())));

        // The line follows the file: a run that is stopped between the two computes the cell anew.
        string line = FormattableString.Invariant($"{key};{name};{cell.Rows[0].Length};{cell.Seconds:R}");
        WholeFile.WriteText(Index, string.Concat(((string[])[Head, .. lines, line]).Select(text => $"{text}\n")));
        return cell;
    }

    private float[][]? Read(string file, int width)
    {
        var path = Path.Combine(folder, file);
        return File.Exists(path) ? [.. MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path)).ToArray().Chunk(width)] : null;
    }
}
