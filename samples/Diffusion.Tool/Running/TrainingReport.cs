namespace Diffusion.Tool.Running;

internal sealed class TrainingReport(string option, string folder, bool force, Session session)
{
    public string Folder => folder;
    public void Write(DiffusionTransformer model, IReadOnlyList<TrainingProgress> reports, IDataView training) { _ = (option, force, session, model, reports, training); }
}
