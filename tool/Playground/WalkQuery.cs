namespace Diffusion.Tool.Playground;

/// <summary>Images between four corners that a page asks for.</summary>
internal sealed record WalkQuery
{
    /// <summary>The most images at once.</summary>
    public const int MostPoints = 64;

    private const int MostSteps = 250;
    private const int Corners = 4;

    public int Model { get; init; }

    public int? Class { get; init; }

    /// <summary>Gets the corners: left and right above, left and right below.</summary>
    public Corner[] Corner { get; init; } = [];

    /// <summary>Gets the places: how far to the right, and how far down, each 0..1.</summary>
    public double[][] Points { get; init; } = [];

    /// <summary>Gets the kind of path: slerp or lerp.</summary>
    public string Path { get; init; } = "slerp";

    public int Steps { get; init; } = 50;

    /// <summary>Checks all of it.</summary>
    /// <exception cref="ProblemException">Something is outside its range.</exception>
    public Walk Resolve(IReadOnlyList<ServedModel> models)
    {
        var served = ImageQuery.ModelOf(models, Model);
        var most = Math.Min(MostSteps, served.Transformer.Schedule.NumberOfTrainingTimesteps);
        ImageQuery.CheckClass(served, Class);
        ImageQuery.Require(Corner.Length == Corners, $"corner must hold {Corners} corners, but holds {Corner.Length}.");
        ImageQuery.Require(
            Array.TrueForAll(Corner, corner => corner is not null && (corner.Seed is null) != (corner.Image is null)),
            "Each corner must have either a seed or an image.");
        ImageQuery.Require(Points.Length is >= 1 and <= MostPoints, $"points must hold from 1 to {MostPoints} places, but holds {Points.Length}.");
        ImageQuery.Require(
            Array.TrueForAll(Points, point => point is [>= 0 and <= 1, >= 0 and <= 1]),
            "Each place must have two numbers from 0 to 1: how far to the right, and how far down.");
        ImageQuery.Require(Path is "slerp" or "lerp", "path must be slerp, along the sphere, or lerp, in a straight line.");
        ImageQuery.Require(Steps >= 1 && Steps <= most, $"steps must be from 1 to {most}, but is {Steps}.");
        return new Walk(served, Class, Corner, [.. Points.Select(point => (point[0], point[1]))], Path == "lerp", Steps);
    }
}

/// <summary>A corner of a walk.</summary>
/// <param name="Seed">The seed whose first image is there; <see langword="null"/> for an image.</param>
/// <param name="Image">An image file that is encoded; <see langword="null"/> for a seed.</param>
internal sealed record Corner(long? Seed, byte[]? Image);

/// <summary>Images between four corners.</summary>
/// <param name="Served">The model.</param>
/// <param name="Class">The index of the class of all; <see langword="null"/> for none.</param>
/// <param name="Corners">The corners: left and right above, left and right below.</param>
/// <param name="Points">The places.</param>
/// <param name="IsLinear">Whether paths are straight lines and not along the sphere.</param>
/// <param name="Steps">The number of steps of the images; corners that are images are always encoded by <see cref="WalkLatents.EncodingSteps"/>.</param>
internal sealed record Walk(
    ServedModel Served,
    int? Class,
    IReadOnlyList<Corner> Corners,
    IReadOnlyList<(double Right, double Down)> Points,
    bool IsLinear,
    int Steps);
