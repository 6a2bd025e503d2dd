using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing.Processors.Quantization;

namespace Microsoft.ML.Diffusion.Images;

/// <summary>Palettes that lose no colour of a frame with at most 256: ImageSharp's own look colours up by their upper bits. Wu's for frames with more.</summary>
internal sealed class ExactQuantizer : IQuantizer
{
    private const int MostColours = 256;

    private readonly WuQuantizer _coarse = new(new QuantizerOptions { Dither = null, MaxColors = MostColours });

    public QuantizerOptions Options { get; } = new() { Dither = null, MaxColors = MostColours };

    public IQuantizer<TPixel> CreatePixelSpecificQuantizer<TPixel>(Configuration configuration)
        where TPixel : unmanaged, IPixel<TPixel> => CreatePixelSpecificQuantizer<TPixel>(configuration, Options);

    public IQuantizer<TPixel> CreatePixelSpecificQuantizer<TPixel>(Configuration configuration, QuantizerOptions options)
        where TPixel : unmanaged, IPixel<TPixel> =>
        new FrameQuantizer<TPixel>(
            configuration,
            options,
            new Lazy<IQuantizer<TPixel>>(() => _coarse.CreatePixelSpecificQuantizer<TPixel>(configuration))); // of 47 MB

    // A struct, because the encoder's loop over pixels takes one.
    private readonly struct FrameQuantizer<TPixel>(Configuration configuration, QuantizerOptions options, Lazy<IQuantizer<TPixel>> coarse)
        : IQuantizer<TPixel>
        where TPixel : unmanaged, IPixel<TPixel>
    {
        private readonly Dictionary<TPixel, byte> _indices = [];
        private readonly List<TPixel> _palette = [];
        private readonly List<Buffer2DRegion<TPixel>> _regions = [];

        public Configuration Configuration => configuration;

        public QuantizerOptions Options => options;

        public ReadOnlyMemory<TPixel> Palette => IsExact ? _palette.ToArray() : coarse.Value.Palette;

        // One colour more than a palette holds says that this is one for Wu's method.
        private bool IsExact => _palette.Count <= MostColours;

        public void AddPaletteColors(Buffer2DRegion<TPixel> pixelRegion)
        {
            _regions.Add(pixelRegion);
            for (var y = 0; y < pixelRegion.Height && IsExact; y++)
            {
                foreach (var pixel in pixelRegion.DangerousGetRowSpan(y))
                {
                    if (IsExact && _indices.TryAdd(pixel, (byte)_palette.Count))
                    {
                        _palette.Add(pixel);
                    }
                }
            }

            if (!IsExact)
            {
                _regions.ForEach(coarse.Value.AddPaletteColors);
                _regions.Clear();
            }
        }

        public IndexedImageFrame<TPixel> QuantizeFrame(ImageFrame<TPixel> source, Rectangle bounds)
        {
            if (!IsExact)
            {
                return coarse.Value.QuantizeFrame(source, bounds);
            }

            var exact = this;
            return QuantizerUtilities.QuantizeFrame(ref exact, source, bounds);
        }

        public byte GetQuantizedColor(TPixel color, out TPixel match)
        {
            match = color;
            return _indices[color];
        }

        public void Dispose()
        {
            if (coarse.IsValueCreated)
            {
                coarse.Value.Dispose();
            }
        }
    }
}
