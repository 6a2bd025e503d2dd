using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Microsoft.ML.Diffusion.Tests.Build;

[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class OpenMachineLearningTests
{
    private static readonly string _core = Path.Combine(AppContext.BaseDirectory, "Microsoft.ML.Core.dll");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("openmachinelearning");

    private string Opened => Path.Combine(_folder.FullName, "new", "Microsoft.ML.Core.dll");

    [TestCleanup]
    public void Cleanup() => _folder.Delete(recursive: true);

    [TestMethod]
    [DataRow("Microsoft.ML.Runtime.Contracts", "NotPublic", "Public")]
    [DataRow("Microsoft.ML.ModelSaveContext.SaveBinaryStream", "Assembly", "Public")]
    [DataRow("Microsoft.ML.Data.WrappingRow..ctor", "FamANDAssem", "Family")]
    [DataRow("ProgressChannel._isDisposed", "Private", "Private")]
    [DataRow("System.Runtime.CompilerServices.NullableAttribute", "NotPublic", "NotPublic")]
    public void Open_Core_ChangesInternalOnly(string name, string before, string after)
    {
        var (exitCode, output) = Open(_core, Opened);

        Assert.AreEqual(0, exitCode, output);
        Assert.AreEqual(before, Accessibilities(_core).First(member => member.Name == name).Access);
        Assert.AreEqual(after, Accessibilities(Opened).First(member => member.Name == name).Access);
    }

    [TestMethod]
    public void Open_Core_ChangesEveryMemberThatItShould()
    {
        var (exitCode, output) = Open(_core, Opened);

        Assert.AreEqual(0, exitCode, output);
        Assert.AreEqual(new FileInfo(_core).Length, new FileInfo(Opened).Length);
        Assert.IsEmpty(
            Accessibilities(_core).Select(Expected)
                .Zip(Accessibilities(Opened))
                .Where(pair => pair.First != pair.Second)); // no list of thousands in the message

        static (string, string) Expected((string Name, string Access) member) => (member.Name, member.Access switch
        {
            "NotPublic" when member.Name.StartsWith("System.", StringComparison.Ordinal)
                || member.Name == "Microsoft.CodeAnalysis.EmbeddedAttribute" => "NotPublic",
            "NotPublic" or "Assembly" or "FamORAssem" => "Public",
            "NestedAssembly" or "NestedFamORAssem" => "NestedPublic",
            "FamANDAssem" => "Family",
            "NestedFamANDAssem" => "NestedFamily",
            var other => other,
        });
    }

    [TestMethod]
    public void Open_NotAnAssembly_SaysWhatToCheck()
    {
        var text = Path.Combine(_folder.FullName, "text.dll");
        File.WriteAllText(text, "not an assembly");

        var (exitCode, output) = Open(text, Opened);

        Assert.AreEqual(1, exitCode);
        Assert.AreEqual(
            $"OpenMachineLearning : error : '{text}' cannot be opened, because it is not a managed assembly. Check that the ML.NET package was restored completely.",
            output);
        Assert.IsFalse(File.Exists(Opened));
    }

    [TestMethod]
    public void Open_MissingFile_NamesIt()
    {
        var missing = Path.Combine(_folder.FullName, "missing.dll");

        var (exitCode, output) = Open(missing, Opened);

        Assert.AreEqual(1, exitCode);
        Assert.AreEqual($"OpenMachineLearning : error : Could not find file '{missing}'.", output);
    }

    private static (int ExitCode, string Output) Open(string source, string destination) =>
        BuildFiles.RunDotnet(
            "exec",
            BuildFiles.InRoot("build", "OpenMachineLearning", "bin", BuildFiles.Configuration, "net10.0", "OpenMachineLearning.dll"),
            source,
            destination);

    /// <summary>Lists the accessibility of every type, method and field, in the order of the metadata.</summary>
    private static List<(string Name, string Access)> Accessibilities(string path)
    {
        using var portable = new PEReader(File.OpenRead(path));
        var metadata = portable.GetMetadataReader();

        var types =
            metadata.TypeDefinitions.Select(
                handle => (Name(handle), (metadata.GetTypeDefinition(handle).Attributes & TypeAttributes.VisibilityMask).ToString()));
        var methods = metadata.MethodDefinitions.Select(metadata.GetMethodDefinition)
            .Select(method =>
                (
                    $"{Name(method.GetDeclaringType())}.{metadata.GetString(method.Name)}",
                    (method.Attributes & MethodAttributes.MemberAccessMask).ToString()));
        var fields = metadata.FieldDefinitions.Select(metadata.GetFieldDefinition)
            .Select(field =>
                (
                    $"{Name(field.GetDeclaringType())}.{metadata.GetString(field.Name)}",
                    (field.Attributes & FieldAttributes.FieldAccessMask).ToString()));
        return [.. types, .. methods, .. fields];

        string Name(TypeDefinitionHandle handle)
        {
            var type = metadata.GetTypeDefinition(handle);
            return type.Namespace.IsNil
                ? metadata.GetString(type.Name)
                : $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";
        }
    }
}
