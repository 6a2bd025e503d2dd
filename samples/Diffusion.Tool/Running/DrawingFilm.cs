namespace Diffusion.Tool.Running;

internal sealed class DrawingFilm(string path)
{
    public const int MaximumPictures = 16;
    public string Path => path;
    private int _n; public void Watch(SamplingSnapshot snapshot) { _n += snapshot.Step; }
    public void Save() { _n++; }
}
