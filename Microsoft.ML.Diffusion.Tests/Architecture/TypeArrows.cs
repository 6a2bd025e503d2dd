using System.Reflection;
using System.Reflection.Emit;
using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Architecture;

/// <summary>
/// Which type of an assembly uses which, as compiled: in its signatures, fields, bases, attributes and code. Names in comments and in nameof leave no
/// trace there.
/// </summary>
internal static partial class TypeArrows
{
    private const BindingFlags Own =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>The types that a type uses, itself not among them; nested ones count as the outermost.</summary>
    public static IReadOnlySet<Type> UsedBy(Type type)
    {
        var used = new HashSet<Type>();
        foreach (var part in Parts(type))
        {
            Add(part.BaseType);
            Array.ForEach(part.GetInterfaces(), Add);
            AddAttributes(part);
            foreach (var member in part.GetMembers(Own))
            {
                AddAttributes(member);
                switch (member)
                {
                    case FieldInfo field:
                        Add(field.FieldType);
                        break;
                    case MethodBase method:
                        AddMethod(method);
                        break;
                }
            }
        }

        used.Remove(type);
        return used;

        void AddMethod(MethodBase method)
        {
            Add((method as MethodInfo)?.ReturnType);
            Array.ForEach(method.GetParameters(), parameter => Add(parameter.ParameterType));
            foreach (var local in method.GetMethodBody()?.LocalVariables ?? [])
            {
                Add(local.LocalType);
            }

            foreach (var (code, operand) in MethodCode.Instructions(method))
            {
                if (code.OperandType is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok)
                {
                    var member = MethodCode.ResolveMember(method, operand);
                    Add(member as Type ?? member?.DeclaringType);
                    if (member is MethodBase { IsGenericMethod: true } generic)
                    {
                        Array.ForEach(generic.GetGenericArguments(), Add);
                    }
                }
            }
        }

        void AddAttributes(MemberInfo member)
        {
            foreach (var argument in member.GetCustomAttributesData()
                .SelectMany(attribute => attribute.ConstructorArguments)
                .Select(argument => argument.Value)
                .OfType<Type>())
            {
                Add(argument);
            }
        }

        void Add(Type? found)
        {
            while (found?.HasElementType == true)
            {
                found = found.GetElementType();
            }

            if (found is null || found.IsGenericParameter)
            {
                return;
            }

            if (found.IsGenericType)
            {
                Array.ForEach(found.GetGenericArguments(), Add);
            }

            if (found.Assembly == type.Assembly && Outermost(found) is var outermost && !IsOfCompiler(outermost))
            {
                used.Add(outermost);
            }
        }
    }

    /// <summary>The types that a person declared outside of another.</summary>
    public static IEnumerable<Type> Declared(Assembly assembly) =>
        assembly.GetTypes().Where(type => type.DeclaringType is null && !IsOfCompiler(type));

    /// <summary>Whether the compiler made a type: a person cannot write its name.</summary>
    public static bool IsOfCompiler(Type type) =>
        type.Name.StartsWith('<')
            || type.Namespace is null
            || type.Namespace.StartsWith("System", StringComparison.Ordinal)
            || type.Namespace == "Microsoft.CodeAnalysis";

    /// <summary>The files of a folder that declare a type, by its name as compiled.</summary>
    public static ILookup<string, string> Files(string folder) =>
        (from file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
         let path = Path.GetRelativePath(folder, file).Replace('\\', '/')
         where !path.StartsWith("bin/", StringComparison.Ordinal) && !path.StartsWith("obj/", StringComparison.Ordinal)
         from Match match in Declaration().Matches(File.ReadAllText(file))
         select (Name: match.Groups["name"].Value, Path: path)).Distinct().ToLookup(entry => entry.Name, entry => entry.Path);

    private static IEnumerable<Type> Parts(Type type) => type.GetNestedTypes(Own).SelectMany(Parts).Prepend(type);

    private static Type Outermost(Type type) =>
        type.DeclaringType is { } outer ? Outermost(outer) : type.IsGenericType ? type.GetGenericTypeDefinition() : type;

    [GeneratedRegex(@"^(?:public |internal )(?:static |sealed |abstract |readonly |partial |unsafe |ref )*(?:class|record struct|record class|record|struct|enum|interface|delegate [\w<>\[\]?., ]+?) (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
