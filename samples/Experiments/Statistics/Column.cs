namespace Experiments.Statistics;

/// <summary>A column of a table.</summary>
/// <param name="Name">Its head.</param>
/// <param name="Format">How a person reads its numbers, such as F2; a spreadsheet gets them whole.</param>
internal sealed record Column(string Name, string Format = "");
