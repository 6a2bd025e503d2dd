namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>A convolution of images in channels-last order, and its gradients.</summary>
internal abstract unsafe record Convolution
{
    /// <summary>The fastest for these sizes.</summary>
    public static Convolution Of(ConvolutionShape shape) => WinogradConvolution.Fits(shape)
        ? new WinogradConvolution(
            shape.Images,
            shape.OutHeight,
            shape.OutWidth,
            shape.InChannels,
            shape.OutChannels,
            shape.Settings.Doubles)
        : NarrowConvolution.Fits(shape) ? new NarrowConvolution(shape) : new MatrixConvolution(shape);

    /// <summary>The floats of filters that are ready for <see cref="ForwardOf"/>; they do not depend on the number of images.</summary>
    public abstract long PreparedLength { get; }

    /// <summary>Makes filters ready, [C_out][C_in][side][side].</summary>
    public abstract void Prepare(float* g, float* prepared);

    /// <summary>Y = X * g + bias.</summary>
    /// <param name="x">[N][H][W][C_in].</param>
    /// <param name="g">The filters, [C_out][C_in][side][side].</param>
    /// <param name="bias">[C_out] for each image.</param>
    /// <param name="biasStride">Floats between the biases of two images; 0 if all have the same.</param>
    /// <param name="y">[N][H'][W'][C_out].</param>
    public void Forward(float* x, float* g, float* bias, int biasStride, float* y)
    {
        var prepared = Scratch.OfCall(PreparedLength).Take(PreparedLength);
        Prepare(g, prepared);
        ForwardOf(x, prepared, bias, biasStride, y);
    }

    /// <summary>The same, from filters that are ready.</summary>
    /// <param name="x">[N][H][W][C_in].</param>
    /// <param name="prepared">From <see cref="Prepare"/>.</param>
    /// <param name="bias">[C_out] for each image.</param>
    /// <param name="biasStride">Floats between the biases of two images; 0 if all have the same.</param>
    /// <param name="y">[N][H'][W'][C_out].</param>
    public abstract void ForwardOf(float* x, float* prepared, float* bias, int biasStride, float* y);

    /// <summary>dX, from dY.</summary>
    /// <param name="dy">[N][H'][W'][C_out].</param>
    /// <param name="g">The filters, [C_out][C_in][side][side].</param>
    /// <param name="dx">[N][H][W][C_in].</param>
    public abstract void InputGradient(float* dy, float* g, float* dx);

    /// <summary>Adds the gradient of the filters, from X and dY, to dg.</summary>
    /// <param name="x">[N][H][W][C_in].</param>
    /// <param name="dy">[N][H'][W'][C_out].</param>
    /// <param name="dg">[C_out][C_in][side][side].</param>
    public abstract void FilterGradient(float* x, float* dy, float* dg);
}
