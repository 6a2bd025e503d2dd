using Microsoft.ML.Data;

namespace FineTune;

/// <summary>Small coloured pictures that are in no other set: bottles of potions, each drawn by its number.</summary>
internal static class Potions
{
    private const int Samples = 4; // a side, in each pixel: edges are smooth so

    private static readonly (double Red, double Green, double Blue) _paper = (255, 255, 255);
    private static readonly (double Red, double Green, double Blue) _glass = (214, 232, 240);
    private static readonly (double Red, double Green, double Blue) _outline = (52, 58, 80);
    private static readonly (double Red, double Green, double Blue) _cork = (176, 124, 76);

    /// <summary>Draws a bottle: its width, its neck, how full it is and of what follow from the number.</summary>
    public static MLImage Draw(int number, int size)
    {
        var random = new Random(number);
        var bottle = new Bottle(
            Radius: 0.24 + (0.1 * random.NextDouble()),
            Neck: 0.07 + (0.05 * random.NextDouble()),
            Level: (0.7 * random.NextDouble()) - 0.35,
            Liquid: Rainbow(random.NextDouble()),
            Lean: 0.3 * (random.NextDouble() - 0.5));
        var pixels = new byte[4 * size * size];
        for (var i = 0; i < size * size; i++)
        {
            var (red, green, blue) = (0.0, 0.0, 0.0);
            for (var sample = 0; sample < Samples * Samples; sample++)
            {
                var x = ((i % size) + (((sample % Samples) + 0.5) / Samples)) / size;
                var y = ((i / size) + (((sample / Samples) + 0.5) / Samples)) / size;
                var color = bottle.ColorAt(x - 0.5, y - 0.5);
                (red, green, blue) = (red + color.Red, green + color.Green, blue + color.Blue);
            }

            const double Count = Samples * Samples;
            (pixels[4 * i], pixels[(4 * i) + 1], pixels[(4 * i) + 2]) = ((byte)(red / Count), (byte)(green / Count), (byte)(blue / Count));
            pixels[(4 * i) + 3] = 255;
        }

        return MLImage.CreateFromPixels(size, size, MLPixelFormat.Rgba32, pixels);
    }

    private static (double Red, double Green, double Blue) Rainbow(double hue)
    {
        double Channel(double shift) => 40 + (190 * Math.Clamp(Math.Abs((((hue + shift) % 1) * 6) - 3) - 1, 0, 1));
        return (Channel(0), Channel(2 / 3.0), Channel(1 / 3.0));
    }

    /// <summary>A round bottle with a neck and a cork, leaning; lengths are shares of the picture's side.</summary>
    private sealed record Bottle(double Radius, double Neck, double Level, (double Red, double Green, double Blue) Liquid, double Lean)
    {
        private const double Line = 0.03;
        private const double Bottom = 0.12;

        public (double Red, double Green, double Blue) ColorAt(double x, double y)
        {
            var (along, across) = ((y * Math.Cos(Lean)) + (x * Math.Sin(Lean)), (x * Math.Cos(Lean)) - (y * Math.Sin(Lean)));
            var center = Math.Sqrt((across * across) + ((along - Bottom) * (along - Bottom)));
            var top = Bottom - Radius - 0.16;
            var isCork = Math.Abs(across) < Neck * 0.8 && along > top - 0.08 && along < top + 0.02;
            var isInside = Math.Min(center - Radius, Math.Max(Math.Abs(across) - Neck, Math.Max(top - along, along - Bottom)));
            if (isInside > 0)
            {
                return isCork ? _cork : _paper;
            }

            var isLight = Math.Sqrt(Math.Pow(across + (Radius * 0.4), 2) + Math.Pow(along - Bottom + (Radius * 0.35), 2)) < Radius * 0.18;
            return isInside > -Line ? _outline
                : isLight ? _paper
                : y - Bottom > Level * Radius ? Liquid // level, however the bottle leans
                : _glass;
        }
    }
}
