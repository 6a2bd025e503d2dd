using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>What is done to an image before it is noised, and the numbers that say so to the network: all zero where nothing is done.</summary>
internal readonly record struct Augmentation
{
    /// <summary>The numbers that say what was done.</summary>
    public const int Length = Orientations - 1 + 5;

    private const int Orientations = 8; // of a square: four turns, each as it is and mirrored

    // Each has the draw of this number: what comes new goes to the end.
    private enum Kind
    {
        FlipHorizontally,
        FlipVertically,
        QuarterTurns,
        Shift,
        Scale,
        Rotation,
    }

    private int Mirror { get; init; }

    private int Turns { get; init; }

    private (int X, int Y) Shift { get; init; }

    private (int X, int Y) MaximumShift { get; init; }

    // The exponent, -1 to 1, of the largest factor.
    private double Enlargement { get; init; }

    private double MaximumScale { get; init; }

    private double Angle { get; init; }

    /// <summary>Draws what is done to an image.</summary>
    /// <param name="options">What may be done.</param>
    /// <param name="shape">The image's.</param>
    /// <param name="numbers">The run's.</param>
    /// <param name="sample">The image's number among all that the run shows.</param>
    public static Augmentation Draw(AugmentationOptions options, ImageShape shape, RandomNumbers numbers, long sample)
    {
        (bool IsDone, float X, float Y) Draw(Kind kind, bool isOn)
        {
            Span<float> drawn = stackalloc float[3];
            numbers.Uniforms(sample, (long)kind, drawn);
            return (isOn && drawn[0] < options.Probability, drawn[1], drawn[2]);
        }

        var (flipX, flipY) = (Draw(Kind.FlipHorizontally, options.Flips).IsDone, Draw(Kind.FlipVertically, options.Flips).IsDone);
        var turn = Draw(Kind.QuarterTurns, options.QuarterTurns && shape.Width == shape.Height);
        var shift = Draw(Kind.Shift, options.MaximumShift > 0);
        var scale = Draw(Kind.Scale, options.MaximumScale > 1);
        var rotation = Draw(Kind.Rotation, options.MaximumRotation > 0);
        (int X, int Y) farthest = ((int)(options.MaximumShift * shape.Width), (int)(options.MaximumShift * shape.Height));
        return new()
        {
            Mirror = flipX ^ flipY ? 1 : 0,
            Turns = ((flipY ? 2 : 0) + (turn.IsDone ? 1 + (int)(3.0 * turn.X) : 0)) % 4, // top to bottom is left to right and half a turn
            Shift = shift.IsDone ? (Within(farthest.X, shift.X), Within(farthest.Y, shift.Y)) : default,
            MaximumShift = farthest,
            Enlargement = scale.IsDone ? (2.0 * scale.X) - 1 : 0,
            MaximumScale = options.MaximumScale,
            Angle = rotation.IsDone ? ((2.0 * rotation.X) - 1) * options.MaximumRotation * Math.PI / 180 : 0,
        };
    }

    /// <summary>Does it.</summary>
    /// <param name="image">[C][H][W], changed in place.</param>
    /// <param name="shape">Its shape.</param>
    public void Apply(Span<float> image, ImageShape shape)
    {
        var map = Map;
        if (map != AffineMap.Identity)
        {
            map.Move(image.ToArray(), shape, image);
        }
    }

    /// <summary>Says what is done, in numbers of about one.</summary>
    /// <remarks>
    /// Each orientation but that of the image has a number of its own. Of one for each flip and turn a network would have to learn how they go together, which it does
    /// late if all are frequent, and shows them till then.
    /// </remarks>
    /// <param name="numbers"><see cref="Length"/> zeros, to be written.</param>
    public void Tell(Span<float> numbers)
    {
        var orientation = (4 * Mirror) + Turns;
        if (orientation > 0)
        {
            numbers[orientation - 1] = 1;
        }

        var others = numbers[(Orientations - 1)..];
        others[0] = MaximumShift.X == 0 ? 0 : (float)Shift.X / MaximumShift.X;
        others[1] = MaximumShift.Y == 0 ? 0 : (float)Shift.Y / MaximumShift.Y;
        others[2] = (float)Enlargement;
        others[3] = (float)(Math.Cos(Angle) - 1);
        others[4] = (float)Math.Sin(Angle);
    }

    // Exact, as the cosine of a quarter of a circle is not.
    private (int Cosine, int Sine) Quarters => Turns switch
    {
        0 => (1, 0),
        1 => (0, 1),
        2 => (-1, 0),
        _ => (0, -1),
    };

    // The image is mirrored, turned, enlarged and moved, and so a pixel of the result is followed back through these in reverse.
    private AffineMap Map
    {
        get
        {
            var (quarterCosine, quarterSine) = Quarters;
            var (cosine, sine) = Angle == 0 ? (1, 0) : (Math.Cos(Angle), Math.Sin(Angle));
            var factor = Enlargement == 0 ? 1 : Math.Pow(MaximumScale, -Enlargement);
            var x = factor * ((quarterCosine * cosine) - (quarterSine * sine));
            var y = factor * ((quarterSine * cosine) + (quarterCosine * sine));
            var side = 1 - (2 * Mirror);
            return new(
                side * x,
                side * y,
                -y,
                x,
                -side * ((x * Shift.X) + (y * Shift.Y)),
                (y * Shift.X) - (x * Shift.Y));
        }
    }

    // A whole number from -most to most, each as likely. In double, in which the product never rounds to what is beyond.
    private static int Within(int most, float uniform) => (int)(uniform * ((2.0 * most) + 1)) - most;
}
